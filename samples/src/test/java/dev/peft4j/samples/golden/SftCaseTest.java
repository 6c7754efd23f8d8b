package dev.peft4j.samples.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TRL's training runs and its evaluation. */
class SftCaseTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private @TempDir Path cases;

  @BeforeEach
  void copyCases() throws IOException, URISyntaxException {
    Path from =
        Path.of(Objects.requireNonNull(SftCaseTest.class.getResource("/golden-sft")).toURI());
    try (Stream<Path> all = Files.walk(from)) {
      for (Path p : all.toList()) {
        Path to = cases.resolve(from.relativize(p).toString());
        if (Files.isDirectory(p)) {
          Files.createDirectories(to);
        } else {
          Files.copy(p, to);
        }
      }
    }
  }

  private boolean run() {
    return Golden.run(cases, new PrintStream(out, true, StandardCharsets.UTF_8), System.err);
  }

  private List<String> lines() {
    return out.toString(StandardCharsets.UTF_8).lines().toList();
  }

  @Test
  void agreesWithTrl() {
    assertThat(run()).isTrue();
    assertThat(lines()).hasSize(13).last().isEqualTo("12 passed, 0 failed, 0 skipped");
    assertThat(lines().getFirst()).startsWith("cls/single").endsWith("ok");
    assertThat(lines().get(5)).startsWith("eval").endsWith("ok");
    assertThat(lines().get(6)).startsWith("train/accumulate-tail ").endsWith("ok");
  }

  @Test
  void aWrongNumberIsNoticed() throws IOException {
    Path file = cases.resolve("train").resolve("packed.json");
    String text = Files.readString(file);
    int at = text.indexOf("\"loss\": ", text.indexOf("\"log\"")) + "\"loss\": ".length();
    Files.writeString(file, text.substring(0, at) + "9" + text.substring(at));
    assertThat(run()).isFalse();
    assertThat(lines()).anyMatch(l -> l.startsWith("train/packed") && l.contains("FAILED"));
  }

  @Test
  void whatIsNotBuiltIsSaid() throws IOException {
    Files.createDirectories(cases.resolve("pref"));
    Files.writeString(cases.resolve("pref").resolve("dpo.json"), "{}");
    run();
    assertThat(lines())
        .anyMatch(l -> l.startsWith("pref/dpo ") && l.endsWith("unsupported: pref is not built"));
  }
}
