package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokens of words that are remembered are those of the whole text. */
class TokenMemoTest {
  private static final List<String> BITS =
      List.of(
          "the",
          " the",
          "old",
          "Mill",
          " ",
          "  ",
          "\n",
          " \n",
          "\t",
          ",",
          ". ",
          "'s",
          "n't",
          "12",
          " 3",
          "(x)",
          "é",
          " ñ",
          "中文",
          " 中",
          "\u0301",
          " \u0301",
          "\u00a0",
          "<|im_end|>",
          " <s>",
          "</s> ",
          "<pad>",
          "🙂",
          " 👩‍🚀",
          "a/b",
          "\r\n",
          "_a",
          "▁",
          "\u00b4");

  private static String file() throws IOException {
    String name = "/dev/peft4j/sft/tokenizer-chat/tokenizer.json";
    try (InputStream in = TokenMemoTest.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** As it is, with a space in front, with tokens that take spaces, with other normalizers. */
  @ParameterizedTest
  @ValueSource(strings = {"plain", "prefix", "rstrip", "NFKC", "StripAccents", "Prepend"})
  void sameAsTheWholeText(String kind) throws IOException {
    String json = file();
    String changed =
        switch (kind) {
          case "plain" -> json;
          case "prefix" ->
              json.replaceAll("\"add_prefix_space\": ?false", "\"add_prefix_space\": true");
          case "rstrip" -> json.replaceAll("\"rstrip\": ?false", "\"rstrip\": true");
          case "Prepend" -> normalized(json, "{\"type\": \"Prepend\", \"prepend\": \"x\"}");
          default -> normalized(json, "{\"type\": \"" + kind + "\"}");
        };
    assertThat(changed.equals(json)).isEqualTo(kind.equals("plain"));
    byte[] bytes = changed.getBytes(StandardCharsets.UTF_8);
    Random random = new Random(3);
    try (Tokenizer t = Tokenizer.load(new ByteArrayInputStream(bytes), kind, 1000)) {
      for (int round = 0; round < 3000; round++) {
        StringBuilder text = new StringBuilder();
        for (int n = random.nextInt(12); n >= 0; n--) {
          text.append(BITS.get(random.nextInt(BITS.size())))
              .append(random.nextBoolean() ? " " : "");
        }
        String s = text.toString();
        assertThat(t.ids(s, false)).as(s).isEqualTo(t.tokenize(s, false).ids());
        assertThat(t.ids(s, true)).as(s).isEqualTo(t.tokenize(s, true).ids());
      }
    }
  }

  private static String normalized(String json, String normalizer) {
    return json.replaceFirst("\"normalizer\": ?null", "\"normalizer\": " + normalizer);
  }
}
