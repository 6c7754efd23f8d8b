package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What files hold cannot steer a terminal. */
class EscapesTest {
  private static final String EVIL = "a\u001b[31mEVIL\u009b2J\u202e\r\nfake: line\tx\u0007";

  @TempDir Path folder;

  private static void assertHarmless(Run run) {
    String all = run.out() + run.err();
    assertThat(all.chars().filter(c -> c < ' ' && c != '\n' && c != '\t' || c >= 0x7f)).isEmpty();
    assertThat(all.lines()).noneMatch(l -> l.startsWith("fake"));
  }

  @Test
  void inspectEscapesNamesAndMetadata() throws IOException {
    Path file = folder.resolve("evil.safetensors");
    SafeTensors.write(
        file, Map.of(EVIL, StoredTensor.of(new float[] {1}, 1)), Map.of("k\n", EVIL, EVIL, "v"));
    Run words = Run.of("inspect", file).ok();
    assertHarmless(words);
    assertThat(words.out()).contains("a\\u001b[31mEVIL\\u009b2J\\u202e\\r\\nfake: line\\tx\\u0007");
    assertThat(words.lines()).hasSize(8);
    Run json = Run.of("inspect", file, "--json").ok();
    assertHarmless(json);
    assertThat(json.json().at("/tensors/0/name").textValue()).isEqualTo(EVIL);
    assertThat(json.json().path("metadata").path("k\n").textValue()).isEqualTo(EVIL);
    SafeTensors.write(file, Map.of(EVIL, StoredTensor.of(new float[] {Float.NaN}, 1)), Map.of());
    assertHarmless(Run.of("inspect", file, "--check").failed("EVIL"));
  }

  @Test
  void inspectEscapesSettings() throws IOException {
    Path adapter = Files.createDirectories(folder.resolve("adapter"));
    String quoted = Run.JSON.writeValueAsString(EVIL);
    Files.writeString(
        adapter.resolve("adapter_config.json"),
        "{\"peft_type\": \"LORA\", " + quoted + ": " + quoted + ", \"list\": [" + quoted + "]}");
    SafeTensors.write(
        adapter.resolve("adapter_model.safetensors"),
        Map.of("x", StoredTensor.of(new float[] {1}, 1)),
        Map.of());
    assertHarmless(Run.of("inspect", adapter).ok());
    assertHarmless(Run.of("inspect", adapter, "--json").ok());
  }

  @Test
  void messagesEscapeWhatTheyQuote() throws IOException {
    assertHarmless(Run.of("inspect", folder.resolve("a\u001b[2Jb\u202ec")));
    assertHarmless(Run.of("inspect", "x\n  y\nfake: z"));
    assertHarmless(Run.of("predict", "--\u001b[2J=x", "-m", EVIL));
    assertHarmless(Run.of("train", "--lr", EVIL));
    assertHarmless(Run.of(EVIL));
    Path data = folder.resolve("data.jsonl");
    Files.writeString(data, "{\"text\": \"a\", \"\u001b[2J\u202e\": 1}\n");
    Path model = TinyModel.write(folder.resolve("model"));
    assertHarmless(Run.of("predict", "-m", model, "-d", data, "--text", "x\u009b"));
    Files.writeString(data, "{\"text\": \u001b[2J}\n");
    assertHarmless(Run.of("predict", "-m", model, "-d", data).failed("line 1, column 11"));
    assertHarmless(Run.of("train", "-m", model, "-d", data, "-o", "o", "--target", "\u001b[2J"));
  }

  /** The logger's stream: warnings quote files too. */
  @Test
  void theLogIsEscaped() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream log = new SafeStream(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    log.println("WARN " + EVIL);
    log.println(new StringBuilder("\u001b"));
    assertThat(bytes.toString(StandardCharsets.UTF_8).lines())
        .containsExactly(
            "WARN a\\u001b[31mEVIL\\u009b2J\\u202e\\r\\nfake: line\\tx\\u0007", "\\u001b");
  }
}
