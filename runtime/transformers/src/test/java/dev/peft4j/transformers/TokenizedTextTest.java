package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Tokens with their places in a text, whose chars may be halves of code points. */
class TokenizedTextTest {
  private static final String JSON =
      """
      {"added_tokens": [{"id": 5, "content": "<s>", "special": true}],
       "pre_tokenizer": {"type": "Whitespace"},
       "post_processor": {"type": "TemplateProcessing",
         "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
         "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
         "special_tokens": {"<s>": {"id": "<s>", "ids": [5], "tokens": ["<s>"]}}},
       "model": {"type": "WordLevel", "unk_token": "?",
                 "vocab": {"?": 0, "a": 1, "clef": 2, "𝄞": 3, "é": 4}}}
      """;

  private static TokenizedText tokens(String text, boolean special) throws IOException {
    byte[] json = JSON.getBytes(StandardCharsets.UTF_8);
    try (Tokenizer t = Tokenizer.load(new ByteArrayInputStream(json), "words", 2)) {
      return t.tokenize(text, special);
    }
  }

  @Test
  void placesAreThoseOfJavasChars() throws IOException {
    TokenizedText t = tokens("a 𝄞 clef é", false);
    assertThat(t.ids()).containsExactly(1, 3, 2, 4); // longer than the batch's maximum
    assertThat(t.start(1)).isEqualTo(2);
    assertThat(t.end(1)).isEqualTo(4);
    assertThat("a 𝄞 clef é".substring(t.start(2), t.end(2))).isEqualTo("clef");
    assertThat(t.tokenAt(3)).isEqualTo(1); // the second half of the clef's code point
    assertThat(t.tokenAt(4)).isEqualTo(-1);
  }

  @Test
  void whatIsAddedHasNoPlace() throws IOException {
    TokenizedText t = tokens("a", true);
    assertThat(t.ids()).containsExactly(5, 1);
    assertThat(t.end(0)).isZero();
    assertThat(t.tokenAt(0)).isEqualTo(1);
    assertThat(tokens("<s>a", false).ids()).containsExactly(5, 1); // written in the text
  }

  @Test
  void addedTokensAreFoundByName() throws IOException {
    byte[] json = JSON.getBytes(StandardCharsets.UTF_8);
    try (Tokenizer t = Tokenizer.load(new ByteArrayInputStream(json), "words", 2)) {
      assertThat(t.id("<s>")).isEqualTo(5);
      assertThat(t.id("a")).isNull();
      assertThat(t.addedTokens()).containsOnlyKeys("<s>");
      assertThat(t.specialTokens()).isEmpty();
    }
  }
}
