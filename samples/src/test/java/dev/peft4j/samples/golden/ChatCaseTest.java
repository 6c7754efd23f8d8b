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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChatCaseTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private @TempDir Path cases;

  @BeforeEach
  void copyCases() throws IOException, URISyntaxException {
    Path from =
        Path.of(Objects.requireNonNull(ChatCaseTest.class.getResource("/golden-chat")).toURI());
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

  private boolean run(Path folder) {
    return Golden.run(folder, new PrintStream(out, true, StandardCharsets.UTF_8), System.err);
  }

  private List<String> lines() {
    return out.toString(StandardCharsets.UTF_8).lines().toList();
  }

  @Test
  void agreesWithTransformers() {
    assertThat(run(cases)).isTrue();
    assertThat(lines())
        .containsExactly(
            "chatml-generation  ok",
            "mistral            ok",
            "qwen3              ok",
            "snippets.json      ok",
            "4 passed, 0 failed, 0 skipped");
  }

  @Test
  void runsTheFolderOfOneCase() {
    assertThat(run(cases.resolve("mistral"))).isTrue();
    assertThat(lines()).containsExactly("mistral  ok", "1 passed, 0 failed, 0 skipped");
  }

  /** Each way in which a case can differ is one that the runner sees. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "chatml-generation/cases.json | Hi there | Hi, there | instead of",
        "chatml-generation/cases.json | \"generation\": [[ | \"generation\": [[1, 2], [ |"
            + " generation",
        "chatml-generation/cases.json | \"assistant_masks\": [0 | \"assistant_masks\": [1 |"
            + " assistant mask",
        "mistral/cases.json | Roles must alternate | Roles may alternate | Roles must alternate",
        "mistral/cases.json | \"error\": {\"type\": \"TemplateError\" | \"error\": {\"type\":"
            + " \"TypeError\" | TemplateError",
        "qwen3/template.jinja | <tools> | <Tools> | instead of",
        "snippets.json | Hello Worl d | Hello World d | instead of",
        "mistral/template.jinja | endfor %} | endfur %} | unknown tag"
      })
  void aSpoiltCaseFails(String file, String what, String by, String complaint) throws IOException {
    Path path = cases.resolve(file);
    String text = Files.readString(path);
    assertThat(text).contains(what);
    Files.writeString(path, text.replace(what, by));
    assertThat(run(cases)).isFalse();
    assertThat(lines())
        .filteredOn(l -> l.contains("FAILED"))
        .singleElement()
        .asString()
        .contains(complaint);
  }
}
