package dev.peft4j.samples.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Rng;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class BenchTest {
  @Test
  void printsOneJsonLine() throws IOException {
    Workload tiny = Rng.with(1, () -> Workload.of("tiny"));
    tiny.base().to(Encodings.BFLOAT16);
    String line = Bench.run("tiny", tiny, Encodings.BFLOAT16, 3, 2);
    assertThat(line.lines()).hasSize(1);
    JsonNode json = new ObjectMapper().readTree(line);
    assertThat(json.fieldNames())
        .toIterable()
        .containsExactly(
            "peer",
            "workload",
            "dtype",
            "threads",
            "step_ms",
            "first_step_ms",
            "per_second",
            "start_to_first_step_s",
            "peak_rss_mib");
    assertThat(json.get("workload").textValue()).isEqualTo("tiny");
    assertThat(json.get("dtype").textValue()).isEqualTo("bfloat16");
    assertThat(json.get("threads").intValue()).isEqualTo(2);
    for (String number : List.of("step_ms", "first_step_ms", "per_second")) {
      assertThat(json.get(number).doubleValue()).as(number).isPositive();
    }
  }

  @Test
  void workloadsAreThePeersOnes() {
    assertThat(Workload.NAMES).containsExactly("tiny", "mlp", "minilm");
    Workload tiny = Workload.of("tiny");
    assertThat(tiny.trainable().stream().mapToLong(p -> p.shape().elements()).sum()).isEqualTo(6);
    assertThat(tiny.units()).isEqualTo(8);
    Workload mlp = Workload.of("mlp");
    assertThat(mlp.trainable().stream().mapToLong(p -> p.shape().elements()).sum())
        .isEqualTo(2 * 8 * (1024 + 4096));
    Workload minilm = Workload.of("minilm");
    assertThat(minilm.trainable().stream().mapToLong(p -> p.shape().elements()).sum())
        .isEqualTo(6 * 2 * 8 * (384 + 384) + 26 * 384 + 26);
    assertThat(minilm.units()).isEqualTo(32 * 64);
    assertThatThrownBy(() -> Workload.of("other")).isInstanceOf(IllegalArgumentException.class);
  }
}
