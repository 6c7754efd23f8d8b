package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafePatternTest {
  private static final String[] TEXTS = {
    "a".repeat(50_000),
    " ".repeat(50_000),
    "A".repeat(49_999) + "1",
    "\n \n".repeat(20_000),
    "1".repeat(50_000),
    "'s".repeat(25_000),
    "漢".repeat(50_000),
    ",;".repeat(25_000) + "\r\n"
  };

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
        "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+"
            + "| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+",
        "[^\\r"
            + "\\n"
            + "\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re)?|[^\\r"
            + "\\n"
            + "\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re)?|\\p{N}|\\s*[\\r"
            + "\\n"
            + "/]+|\\s+(?!\\S)|\\s+",
        "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+",
        " ?[^(\\s|[.,!?…。，、।۔،])]+",
        "[一-龥\\u3040-ゟ゠-ヿ]+",
        " {2,}",
        "[0-9][0-9][0-9]",
        "\\s+",
        "\\r?\\n",
        ".*x|.*",
        "a*"
      })
  void taken(String pattern) throws IOException {
    SafePattern.of(pattern);
    String json =
        """
        {"version": "1.0", "added_tokens": [], "decoder": null, "post_processor": null,
         "normalizer": null, "pre_tokenizer": {"type": "Split", "behavior": "Isolated",
          "invert": false, "pattern": {"Regex": "%s"}},
         "model": {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0}}}
        """
            .formatted(pattern.replace("\\", "\\\\"));
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    try (Tokenizer tokenizer = Tokenizer.load(new ByteArrayInputStream(bytes), "x.json", 100_000)) {
      long start = System.nanoTime();
      for (String text : TEXTS) {
        assertThat(tokenizer.encode(List.of(text)).tokens()).isPositive();
      }
      assertThat(System.nanoTime() - start).isLessThan(20_000_000_000L);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "(a+)+$",
        "(a|aa)+$",
        "(?:a?){40}a{40}c",
        "(e*)*$",
        "a*b",
        "\\s*[\\r\\n]+",
        "\\s+(?!\\S)x",
        "a+(?!b)",
        "x?x?x?x?xxxx",
        "\\s+$",
        "\\d+:",
        "(?=a)",
        "(?<=a)b",
        "(?<!a)b",
        "(a)\\1",
        "\\k<a>",
        "(?<n>a)",
        "a{2,1}",
        "a{9999}",
        "a{2}{3}",
        "a+?b",
        "[a",
        "[]a]",
        "a)",
        "(a",
        "(?:(a))",
        "(?x)a",
        "\\p{L",
        "\\",
        "*a",
        "^*"
      })
  void refused(String pattern) {
    assertThatThrownBy(() -> SafePattern.of(pattern)).isInstanceOf(IllegalArgumentException.class);
  }
}
