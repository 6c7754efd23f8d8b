package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
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

  private static Tokenizer tokenizer() throws IOException {
    byte[] json = JSON.getBytes(StandardCharsets.UTF_8);
    return Tokenizer.load(new ByteArrayInputStream(json), "words", 2);
  }

  private static List<int[]> ids(List<TokenizedText> windows) {
    return windows.stream().map(TokenizedText::ids).toList();
  }

  @Test
  void wordsKnowTheirIndexAndTheirOwnPlaces() throws IOException {
    try (Tokenizer t = tokenizer()) {
      TokenizedText words = t.tokenizeWords(List.of("é a", "", "𝄞"), true);
      assertThat(words.ids()).containsExactly(5, 4, 1, 3);
      assertThat(new int[] {words.word(0), words.word(1), words.word(2), words.word(3)})
          .containsExactly(-1, 0, 0, 2);
      assertThat(words.start(2)).isEqualTo(2);
      assertThat(words.start(3)).isZero();
      assertThat(words.end(3)).isEqualTo(2);
      assertThat(words.token(0)).isEqualTo("<s>");
      assertThat(words.token(1)).isEqualTo("é");
    }
  }

  @Test
  void windowsCoverAText() throws IOException {
    try (Tokenizer t = tokenizer()) {
      String text = "a é a clef a";
      assertThat(ids(t.tokenize(text, null, TokenWindows.WHOLE)))
          .containsExactly(new int[] {5, 1, 4, 1, 2, 1});
      assertThat(ids(t.tokenize(text, null, TokenWindows.first(4))))
          .containsExactly(new int[] {5, 1, 4, 1});
      assertThat(ids(t.tokenize(text, null, TokenWindows.all(Truncation.LONGEST_FIRST, 4, 1))))
          .containsExactly(new int[] {5, 1, 4, 1}, new int[] {5, 1, 2, 1});
      var left = new TokenWindows(Truncation.LONGEST_FIRST, 4, 1, true, true);
      assertThat(ids(t.tokenize(text, null, left)))
          .containsExactly(new int[] {5, 1, 2, 1}, new int[] {5, 1, 4, 1});
      assertThat(ids(t.tokenize(text, null, TokenWindows.first(1)))).containsExactly(new int[] {5});
      assertThatThrownBy(() -> t.tokenize(text, null, TokenWindows.first(0)))
          .isInstanceOf(MaxLengthException.class);
      assertThatThrownBy(
              () -> t.tokenize(text, null, TokenWindows.all(Truncation.LONGEST_FIRST, 3, 2)))
          .hasMessageContaining("a stride of 2 tokens in windows of 2");
    }
  }

  @Test
  void windowsOfOneTextOfAPairRepeatTheOther() throws IOException {
    try (Tokenizer t = tokenizer()) {
      var second = TokenWindows.all(Truncation.ONLY_SECOND, 3, 0);
      List<TokenizedText> windows = t.tokenize("é", "a clef a", second);
      assertThat(ids(windows)).containsExactly(new int[] {4, 1, 2}, new int[] {4, 1});
      assertThat(windows.get(1).sequence(1)).isEqualTo(1);
      assertThat(windows.get(1).type(1)).isEqualTo(1);
      assertThat(windows.get(1).start(1)).isEqualTo(7);
      assertThatThrownBy(
              () -> t.tokenize("é", "a a a", TokenWindows.all(Truncation.ONLY_FIRST, 3, 0)))
          .hasMessageContaining("nothing would be left of the first text");
      assertThatThrownBy(
              () -> t.tokenize("a a", "a a", TokenWindows.all(Truncation.LONGEST_FIRST, 3, 0)))
          .hasMessageContaining("ONLY_FIRST, ONLY_SECOND");
      assertThatThrownBy(
              () -> t.tokenize("a a", null, TokenWindows.all(Truncation.ONLY_SECOND, 1, 0)))
          .hasMessageContaining("no second text");
    }
  }

  @Test
  void specialTokensMayBeDecoded() throws IOException {
    try (Tokenizer t = tokenizer()) {
      assertThat(t.decode(new long[] {5, 1}, false)).isEqualTo("<s> a");
      assertThat(t.decode(5, 1)).isEqualTo("a");
    }
  }

  @Test
  void batchesArePaddedAsTheyAreAsked() throws IOException {
    try (Tokenizer t =
        Tokenizer.load(
            new ByteArrayInputStream(JSON.getBytes(StandardCharsets.UTF_8)), "words", 9)) {
      assertThat(t.padding(true, 4).encode(List.of("a", "é a")).attentionMask().toLongs())
          .containsExactly(0, 0, 1, 1, 0, 1, 1, 1);
      assertThat(t.padding(false, 4).padToMultipleOf(3).encode(List.of("a")).tokens()).isEqualTo(6);
    }
  }
}
