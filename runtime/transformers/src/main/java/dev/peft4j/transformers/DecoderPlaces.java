package dev.peft4j.transformers;

import dev.peft4j.nn.ModelSlot;
import dev.peft4j.nn.ModelSlots;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The places of a call: keys and values that an adapter puts in front, its virtual tokens, and the
 * tokens of the text.
 *
 * @param rows texts
 * @param keys keys in front that are no tokens
 * @param inputs virtual tokens among the inputs
 * @param tokens tokens of the text, with padding
 */
record DecoderPlaces(int rows, int keys, int inputs, int tokens) {
  /** Returns the number of places in front of the text. */
  int virtual() {
    return keys + inputs;
  }

  /** Returns the number of tokens that queries are made of. */
  int queries() {
    return inputs + tokens;
  }

  /** Returns the number of all keys. */
  int all() {
    return keys + inputs + tokens;
  }

  /**
   * Returns the positions of queries, (1, queries): virtual tokens and keys in front count.
   *
   * @param given the positions of the text's tokens, which have to be 0, 1, ..., or null
   * @throws IllegalArgumentException if they are others: several texts in a row, say
   */
  Tensor positions(@Nullable Tensor given) {
    if (given != null) {
      long[] values = given.toLongs();
      for (int i = 0; i < values.length; i++) {
        if (values[i] != i % tokens) {
          throw new IllegalArgumentException(
              "positions "
                  + values[i]
                  + " at token "
                  + i % tokens
                  + " of a row: with virtual tokens in front, rows are single texts whose positions"
                  + " are 0, 1, ...; do not pack texts");
        }
      }
    }
    Tensor all = Positions.ofPlaces(all());
    return keys == 0 ? all : all.slice(1, keys, all());
  }

  /** Returns which of all places are tokens. */
  boolean[] withVirtual(boolean[] token) {
    if (virtual() == 0) {
      return token;
    }
    boolean[] out = new boolean[rows * all()];
    for (int b = 0; b < rows; b++) {
      for (int i = 0; i < all(); i++) {
        out[b * all() + i] = i < virtual() || token[b * tokens + i - virtual()];
      }
    }
    return out;
  }

  /** Returns the keys and values in front of a layer's own, (rows, keys, 2 · width). */
  static Tensor prefix(ModelSlots slots, int layer, int rows) {
    int width = 2 * slots.sizes().kvHeads() * slots.sizes().headDim();
    return slots
        .of(ModelSlot.Kind.KEYS_VALUES)
        .get(layer)
        .apply(Tensor.zeros(rows, 0, width), x -> x);
  }
}
