package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code quantize}, {@code export}, {@code inspect} of GGUF, and {@code --quantize}. */
class GgufCommandTest {
  private @TempDir Path folder;
  private Path model = Path.of("");
  private Path data = Path.of("");

  @BeforeEach
  void write() throws IOException {
    model = TinyDecoder.write(folder.resolve("model"));
    data = folder.resolve("data.jsonl");
    Files.writeString(
        data, "{\"text\": \"the film was very great\"}\n{\"text\": \"the book was very awful\"}\n");
  }

  private Run train(Object... more) {
    List<Object> args =
        new java.util.ArrayList<>(
            List.of("train", "--task", "causal-lm", "--quiet", "-m", model, "-d", data));
    args.addAll(List.of("-o", folder.resolve("out"), "--steps", "2", "--json"));
    args.addAll(List.of(more));
    return Run.of(args.toArray());
  }

  @Test
  void aModelIsWrittenAndInspected() throws IOException {
    Files.delete(model.resolve("tokenizer.json")); // whole words, which GGUF does not hold
    Path file = folder.resolve("model.gguf");
    JsonNode written =
        Run.of("quantize", "-m", model, "-o", file, "--type", "q8_0", "--json").ok().json();
    assertThat(written.path("bytes").longValue()).isEqualTo(Files.size(file));
    assertThat(written.path("as_f16").size()).isPositive(); // rows of 16
    JsonNode found = Run.of("inspect", file, "--check", "--json").ok().json();
    assertThat(found.path("kind").asText()).isEqualTo("gguf");
    assertThat(found.path("metadata").path("llama.block_count").intValue()).isEqualTo(2);
    assertThat(found.path("types").path("F16").intValue()).isPositive();
    assertThat(found.path("tensors").size()).isEqualTo(3 + 2 * 9);
    assertThat(Run.of("inspect", file).ok().out()).contains("kind: gguf", "token_embd.weight");
    Run.of("inspect", data).failed("data.jsonl");
    assertThat(Run.of("quantize", "-m", model, "-o", file, "--type", "q4_k").code()).isEqualTo(2);
  }

  @Test
  void aTokenizerThatGgufDoesNotHoldIsNamed() {
    Path file = folder.resolve("model.gguf");
    Run.of("quantize", "-m", model, "-o", file).failed("tokenizer.json", "WordLevel");
    assertThat(file).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"nf4", "int8", "q8_0", "q4_0"})
  void aQuantizedBaseIsTrained(String kind) throws IOException {
    JsonNode result = train("--quantize", kind).ok().json();
    assertThat(result.path("steps").intValue()).isEqualTo(2);
    Path adapter = folder.resolve("out").resolve("adapter");
    JsonNode measured =
        Run.of("eval", "-m", model, "-a", adapter, "-d", data, "--quantize", kind, "--json")
            .ok()
            .json();
    assertThat(measured.path("perplexity").doubleValue()).isBetween(1.0, 1e4);
    Path file = folder.resolve("adapter.gguf");
    JsonNode written =
        Run.of("export", "--gguf", "-m", model, "-a", adapter, "-o", file, "--json").ok().json();
    assertThat(written.path("file").asText()).isEqualTo(file.toString());
    JsonNode found = Run.of("inspect", file, "--json").ok().json();
    assertThat(found.path("metadata").path("general.type").asText()).isEqualTo("adapter");
    assertThat(found.path("tensors").size()).isEqualTo(2 * 7 * 2);
  }

  @Test
  void whatIsNotAQuantizationIsRefused() {
    Run wrong = train("--quantize", "q9");
    assertThat(wrong.code()).isEqualTo(2);
    assertThat(wrong.err()).contains("--quantize is \"q9\", expected nf4");
    assertThat(train("--quantize", "nf4", "--dtype", "bfloat16").err()).contains("exclude");
    Run.of("export", "--gguf", "-m", model, "-a", folder.resolve("none"), "-o", "x").failed("none");
  }
}
