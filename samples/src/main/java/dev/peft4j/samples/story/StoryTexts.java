package dev.peft4j.samples.story;

import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.TokenIds;
import dev.peft4j.transformers.TokenRow;
import dev.peft4j.transformers.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Texts as a model's tokens, between the tokens that begin and end a text where the model has them.
 *
 * @param tokenizer the model's
 * @param special the model's special tokens
 */
record StoryTexts(Tokenizer tokenizer, TokenIds special) {
  /** Tokens of a text at most. */
  static final int MAX_TOKENS = 64;

  /** Returns texts as a batch; every token counts. */
  CausalBatch batch(List<String> texts) {
    return CausalBatch.of(texts.stream().map(this::row).toList());
  }

  private TokenRow row(String text) {
    int[] ids = begun(text);
    if (!special.eos().isEmpty()) {
      ids = IntStream.concat(Arrays.stream(ids), IntStream.of(special.eos().getFirst())).toArray();
    }
    return TokenRow.of(ids).cut(MAX_TOKENS);
  }

  /** Returns the tokens of the beginning of a text. */
  int[] begun(String text) {
    int[] ids = tokenizer.tokenize(text, false).ids();
    Integer bos = special.bos();
    return bos == null ? ids : IntStream.concat(IntStream.of(bos), Arrays.stream(ids)).toArray();
  }

  /** Returns the number of tokens of texts, as the model gets them. */
  long tokens(List<String> texts) {
    return texts.stream().mapToLong(t -> row(t).length()).sum();
  }
}
