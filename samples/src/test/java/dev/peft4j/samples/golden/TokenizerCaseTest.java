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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Some tokenizers of golden_tokenizers.py, with a part of its texts. */
class TokenizerCaseTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private @TempDir Path temp;

  private static Path cases() {
    try {
      return Path.of(
          Objects.requireNonNull(TokenizerCaseTest.class.getResource("/golden-tokenizers"))
              .toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private List<String> lines(Path folder) {
    Golden.run(folder, new PrintStream(out, true, StandardCharsets.UTF_8), System.err);
    return out.toString(StandardCharsets.UTF_8).lines().toList();
  }

  @Test
  void agreesWithTransformers() {
    assertThat(lines(cases()))
        .containsExactly(
            "flags        ok",
            "qwen2        ok",
            "xlm-roberta  ok",
            "3 passed, 0 failed, 0 skipped");
  }

  @ParameterizedTest
  @CsvSource({
    "'\"decoded\":\"hello\"', '\"decoded\":\"helo\"', decoded",
    "'\"steps\":[\"hello\"]', '\"steps\":[\"hell\"]', steps",
    "'\"word_ids\":[', '\"word_ids\":[7,', words",
    "'\"special_tokens_mask\":[', '\"special_tokens_mask\":[1,', special",
    "'\"type_ids\":[', '\"type_ids\":[1,', types"
  })
  void aDifferenceIsFound(String right, String wrong, String what) throws IOException {
    Path folder = Files.createDirectories(temp.resolve("flags"));
    try (Stream<Path> files = Files.list(cases().resolve("flags"))) {
      for (Path f : files.toList()) {
        Files.copy(f, folder.resolve(f.getFileName()));
      }
    }
    Path json = folder.resolve("cases.json");
    String text = Files.readString(json);
    assertThat(text).contains(right);
    Files.writeString(json, text.replace(right, wrong));
    assertThat(lines(folder).getFirst()).contains("flags  FAILED", what);
  }
}
