package dev.peft4j.transformers;

import dev.peft4j.io.FileFormatException;
import dev.peft4j.tensor.Tensor;

/** The positions of tokens, as defined by families. */
final class Positions {
  private Positions() {}

  /** Returns 0, 1, ... for every text of a batch: (1, tokens). */
  static Tensor ofPlaces(int tokens) {
    return Tensor.arange(tokens).reshape(1, tokens);
  }

  /**
   * Returns positions that depend only on the ids, not on the attention mask (RoBERTa's {@code
   * create_position_ids_from_input_ids}): a token of padding has that of padding, {@code first} -
   * 1, which is also its id; the others count on from {@code first}.
   *
   * @param ids integers (batch, tokens)
   * @return int64, like {@code ids}
   */
  static Tensor ofTokens(Tensor ids, int first) {
    long[] values = ids.toLongs();
    int tokens = ids.dim(1);
    long next = first;
    for (int i = 0; i < values.length; i++) {
      next = i % tokens == 0 ? first : next;
      values[i] = values[i] == first - 1 ? first - 1 : next++;
    }
    return Tensor.of(values, ids.dim(0), tokens);
  }

  /**
   * Returns such positions of a text with virtual tokens in front: then they are those of all
   * places, padding included.
   *
   * @param places tokens with the virtual ones
   */
  static Tensor ofTokens(Tensor ids, int first, int places) {
    return places == ids.dim(1)
        ? ofTokens(ids, first)
        : Tensor.arange(first, first + places, 1).reshape(1, places);
  }

  /** Returns the row of padding in the tables. */
  static int padding(EncoderConfig config) {
    return Math.max(0, config.firstPosition() - 1);
  }

  /** Sets the first position after {@code pad_token_id}. */
  static EncoderConfig.Builder afterPadding(ConfigReader in, EncoderConfig.Builder b)
      throws FileFormatException {
    int padding = in.wholeNumber("pad_token_id", 0, 1);
    if (padding >= b.vocabSize() || padding + 1 >= b.maxPositions()) {
      throw in.wrong(
          "pad_token_id",
          "a token (vocab_size "
              + b.vocabSize()
              + ") with a position behind it (max_position_embeddings "
              + b.maxPositions()
              + ")");
    }
    return b.firstPosition(padding + 1);
  }
}
