package dev.peft4j.transformers;

import dev.peft4j.data.IndexException;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.data.Storage;
import dev.peft4j.tensor.Tensor;
import java.util.Locale;

/**
 * Checks of the tensors that a model is called with. Those that are not computed yet are checked by
 * the backend instead.
 */
final class InputChecks {
  private final String model;

  /**
   * Creates the checks for a model.
   *
   * @param modelType its name in messages, in capitals
   */
  InputChecks(String modelType) {
    this.model = modelType.toUpperCase(Locale.ROOT) + ": ";
  }

  /** Returns what messages begin with. */
  String model() {
    return model;
  }

  void tokenIds(Tensor ids) {
    Shape s = ids.shape();
    if (s.rank() != 2 || !ids.dtype().isInteger()) {
      throw new ShapeException(
          model + "token ids are " + ids.dtype() + " " + s + ", needed integers (batch, tokens)");
    }
    if (s.elements() == 0) {
      throw new ShapeException(
          model
              + "token ids have shape "
              + s
              + ": the batch is empty; needed at least one text of at"
              + " least one token");
    }
  }

  ShapeException tooLong(int tokens, int maxTokens, int maxPositions) {
    return new ShapeException(
        model
            + "a sequence of "
            + tokens
            + " tokens, but the model has "
            + maxTokens
            + " positions for tokens (max_position_embeddings "
            + maxPositions
            + "); truncate the texts to that length");
  }

  void sameShape(String what, Tensor t, Shape ids) {
    if (!t.shape().equals(ids)) {
      throw new ShapeException(
          model
              + what
              + " of shape "
              + t.shape()
              + ", but token ids of shape "
              + ids
              + ": both must be (batch, tokens)");
    }
  }

  void ids(String what, String sizeName, Tensor ids, int size) {
    Storage known = ids.node().value();
    if (known == null) {
      return;
    }
    for (long i = 0; i < known.elements(); i++) {
      long id = known.index(i);
      if (id < 0 || id >= size) {
        throw new IndexException(
            model
                + what
                + " "
                + id
                + " at "
                + position(ids, i)
                + " is out of range for "
                + sizeName
                + " "
                + size
                + ", which allows 0 to "
                + (size - 1));
      }
    }
  }

  void mask(Tensor mask) {
    Storage known = mask.node().value();
    if (known == null) {
      return;
    }
    for (long i = 0; i < known.elements(); i++) {
      double v = mask.dtype().isInteger() ? known.index(i) : known.floatAt(i);
      if (v != 0 && v != 1) {
        throw new IllegalArgumentException(
            model
                + "the attention mask is "
                + v
                + " at "
                + position(mask, i)
                + ", needed 1 for a token or 0 for padding");
      }
    }
  }

  private static String position(Tensor t, long i) {
    int columns = t.dim(1);
    return "row " + i / columns + ", position " + i % columns;
  }
}
