package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.io.AdapterConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code convert}. */
class ConvertCommandTest {
  @TempDir Path folder;

  @Test
  void anAdapterOfAnotherTunerBecomesLora() throws IOException {
    Path model = TinyModel.write(folder.resolve("model"));
    Path data = folder.resolve("data.jsonl");
    Files.writeString(data, TinyModel.jsonLines(8, 1));
    Path run = folder.resolve("run");
    Run.of(
            "train", "-m", model, "-d", data, "-o", run, "--epochs", 1, "--quiet", "--tuner",
            "LOHA")
        .ok();
    Path adapter = run.resolve("adapter");
    Path lora = folder.resolve("lora");
    JsonNode said =
        Run.of("convert", "-m", model, "-a", adapter, "-o", lora, "--keep", "1", "--json")
            .ok()
            .json();
    assertThat(said.path("kept").asDouble()).isGreaterThan(0.999);
    assertThat(AdapterConfig.read(lora.resolve("adapter_config.json")).get("peft_type").asText())
        .isEqualTo("LORA");
    JsonNode before = Run.of("eval", "-m", model, "-a", adapter, "-d", data, "--json").ok().json();
    JsonNode after = Run.of("eval", "-m", model, "-a", lora, "-d", data, "--json").ok().json();
    assertThat(after.path("accuracy")).isEqualTo(before.path("accuracy"));
    Run again = Run.of("convert", "-m", model, "-a", adapter, "-o", lora);
    assertThat(again.code()).isEqualTo(2);
    assertThat(again.err()).contains("already exists");
    assertThat(
            Run.of("convert", "-m", model, "-a", adapter, "-o", folder.resolve("x"), "-r", "999")
                .err())
        .contains("the rank 999 is larger than");
  }
}
