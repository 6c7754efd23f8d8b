package dev.peft4j.transformers;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.data.Storage;
import dev.peft4j.tensor.Tensor;

/** Computations of one vector per text from the hidden states of its tokens. */
public final class Pooling {
  private Pooling() {}

  /**
   * Returns the mean over the tokens that are not padding, as sentence-transformers computes it.
   *
   * @param hidden (batch, tokens, hidden)
   * @param mask (batch, tokens), 1 at tokens and 0 at padding
   * @return (batch, hidden)
   * @throws ShapeException if the shapes do not fit
   * @throws IllegalArgumentException if a text has no token, with its row
   */
  public static Tensor mean(Tensor hidden, Tensor mask) {
    Shape s = hidden.shape();
    if (s.rank() != 3 || !mask.shape().equals(Shape.of(s.dim(0), s.dim(1)))) {
      throw new ShapeException(
          "Pooling.mean: hidden states of shape "
              + s
              + " and mask of shape "
              + mask.shape()
              + ": needed (batch, tokens, hidden) and (batch, tokens)");
    }
    requireTokens(mask);
    Tensor m = mask.toFloat();
    Tensor sum = hidden.mul(m.reshape(s.dim(0), s.dim(1), 1)).sum(1);
    return sum.div(m.sumKeep(1));
  }

  /**
   * Returns the first token's state, (batch, hidden).
   *
   * @param hidden (batch, tokens, hidden)
   */
  public static Tensor first(Tensor hidden) {
    return hidden.slice(1, 0, 1).reshape(hidden.dim(0), hidden.dim(2));
  }

  private static void requireTokens(Tensor mask) {
    Storage known = mask.node().value();
    if (known == null) {
      return;
    }
    int tokens = mask.dim(1);
    for (int row = 0; row < mask.dim(0); row++) {
      boolean any = false;
      for (int i = 0; i < tokens && !any; i++) {
        long at = (long) row * tokens + i;
        any = mask.dtype().isInteger() ? known.index(at) != 0 : known.floatAt(at) != 0;
      }
      if (!any) {
        throw new IllegalArgumentException(
            "Pooling.mean: the mask is 0 all over row "
                + row
                + ": a text without tokens has no mean");
      }
    }
  }
}
