package dev.peft4j.samples.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Rng;
import dev.peft4j.nn.Linear;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tuner.Tuner;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class BenchTest {
  @Test
  void printsOneJsonLine() throws IOException {
    Workload tiny = Rng.with(1, () -> Workload.of("tiny"));
    tiny.base().to(Encodings.BFLOAT16);
    String line = Bench.run("tiny", tiny, "bfloat16", 3, 2);
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
            "step_cpu_ms",
            "first_step_ms",
            "per_second",
            "start_to_first_step_s",
            "start_cpu_s",
            "peak_rss_mib");
    assertThat(json.get("workload").textValue()).isEqualTo("tiny");
    assertThat(json.get("dtype").textValue()).isEqualTo("bfloat16");
    assertThat(json.get("threads").intValue()).isEqualTo(2);
    for (String number : List.of("step_ms", "first_step_ms", "per_second")) {
      assertThat(json.get(number).doubleValue()).as(number).isPositive();
    }
  }

  @Test
  void decodersLearnAndGenerate() {
    Workload training = Rng.with(1, () -> SmolLm2.training(2, 8, 1));
    assertThat(training.units()).isEqualTo(16);
    // q and o 2 x 576, k and v 576 + 192, gate, up and down 576 + 1536
    assertThat(training.trainable().stream().mapToLong(p -> p.shape().elements()).sum())
        .isEqualTo(8 * (2 * 1152 + 2 * 768 + 3 * 2112));
    assertThat(Bench.step(training, AdamW.of(training.trainable(), 1e-4f))).isPositive();
    Workload generation = Rng.with(1, () -> SmolLm2.generation(2, 5, 3, true, 1));
    assertThat(generation.units()).isEqualTo(6);
    assertThat(Bench.step(generation, null)).isPositive();
  }

  /** The file of the peer llama.cpp is one that a workload takes, and is removed afterwards. */
  @Test
  void aRandomFileIsWritten() {
    String layers = System.setProperty("layers", "1");
    Path folder;
    try (RandomGguf files = RandomGguf.write(Encodings.Q8_0)) {
      folder = files.path().getParent();
      System.setProperty(Bench.GGUF, files.path().toString());
      Workload prefill = SmolLm2.of("prefill", 1, 5);
      assertThat(prefill.base().parameters())
          .anyMatch(p -> p.own().encoding().equals(Encodings.Q8_0));
      assertThat(Bench.step(prefill, null)).isPositive();
      assertThat(files.adapter()).isNotEmptyFile();
    } finally {
      System.clearProperty(Bench.GGUF);
      if (layers == null) {
        System.clearProperty("layers");
      } else {
        System.setProperty("layers", layers);
      }
    }
    assertThat(folder).doesNotExist();
  }

  @Test
  void workloadsAreThePeersOnes() {
    assertThat(Workload.NAMES).contains("tiny", "mlp", "minilm", "smollm2", "generate");
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

  /** Every tuner that adapts linear layers is measured, but those that cannot be merged. */
  @Test
  void everyMergeableTunerIsMeasured() {
    Set<String> measured =
        TunerBench.settings().values().stream()
            .map(t -> t.path("peft_type").asText())
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> all =
        Tuner.all().stream()
            .filter(t -> t.layerTypes().contains(Linear.class) && !t.fillsSlots())
            .map(Tuner::peftType)
            .collect(Collectors.toCollection(TreeSet::new));
    all.removeAll(Set.of("LILY", "POLY")); // neither can be merged
    all.remove("TRAINABLE_TOKENS"); // for heads that are tied to an embedding
    all.removeIf(type -> type.startsWith("TEST_")); // those of the core's tests
    assertThat(measured).isEqualTo(all);
  }

  @Test
  void aTunerIsMeasured() {
    TunerBench.Times times = new TunerBench(0.001).here(TunerBench.settings().get("LORA (DoRA)"));
    assertThat(times.wall()).isPositive();
    assertThat(times.trained()).isEqualTo(2 * 8 * (1024 + 4096) + 1024 + 4096);
  }
}
