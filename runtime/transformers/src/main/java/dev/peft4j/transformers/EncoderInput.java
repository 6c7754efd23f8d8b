package dev.peft4j.transformers;

import dev.peft4j.data.IndexException;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.data.Storage;
import dev.peft4j.tensor.Tensor;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The checks of the inputs of a model, made when it is called: a wrong token is reported before
 * anything is computed. Tensors that are not computed yet are checked by the backend instead.
 */
final class EncoderInput {
  private final String model;
  private final EncoderConfig config;

  /**
   * Creates the checks for a model.
   *
   * @param modelType its name in messages, in capitals
   */
  EncoderInput(String modelType, EncoderConfig config) {
    this.model = modelType.toUpperCase(Locale.ROOT) + ": ";
    this.config = config;
  }

  void check(Tensor ids, @Nullable Tensor mask, @Nullable Tensor typeIds) {
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
    if (s.dim(1) > config.maxTokens()) {
      throw new ShapeException(
          model
              + "a sequence of "
              + s.dim(1)
              + " tokens, but the model has "
              + config.maxTokens()
              + " positions for tokens (max_position_embeddings "
              + config.maxPositions()
              + "); truncate the texts to that length");
    }
    ids("token id", "vocab_size", ids, config.vocabSize());
    if (mask != null) {
      sameShape("attention mask", mask, s);
      mask(mask);
    }
    if (typeIds != null) {
      sameShape("token type ids", typeIds, s);
      if (!typeIds.dtype().isInteger()) {
        throw new ShapeException(
            model + "token type ids are " + typeIds.dtype() + ", needed integers");
      }
      if (config.typeVocabSize() == 0) {
        throw new IllegalArgumentException(
            model + "the model has no token types, but token type ids were given; leave them out");
      }
      ids("token type id", "type_vocab_size", typeIds, config.typeVocabSize());
    }
  }

  private void sameShape(String what, Tensor t, Shape ids) {
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

  private void ids(String what, String sizeName, Tensor ids, int size) {
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

  private void mask(Tensor mask) {
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

  /**
   * Returns the mask that is added to the scores where a token sees its neighbours only.
   *
   * @param window the largest distance of a neighbour
   * @param added the mask of padding, (batch, 1, 1, tokens), as {@link #additive} returns it; or
   *     null
   * @return (batch or 1, 1, tokens, tokens)
   */
  static Tensor near(int tokens, int window, @Nullable Tensor added) {
    float[] near = new float[tokens * tokens];
    for (int i = 0; i < near.length; i++) {
      near[i] = Math.abs(i / tokens - i % tokens) <= window ? 0 : -Float.MAX_VALUE;
    }
    Tensor mask = Tensor.of(near, 1, 1, tokens, tokens);
    // the smaller one, since a sum may be infinite
    return added == null ? mask : mask.minimum(added);
  }

  /**
   * Returns the mask that is added to the attention scores: 0 at tokens, the most negative float at
   * padding.
   *
   * @param mask (batch, tokens), 1 at tokens, 0 at padding
   * @return (batch, 1, 1, tokens)
   */
  static Tensor additive(Tensor mask) {
    return mask.toFloat().reshape(mask.dim(0), 1, 1, mask.dim(1)).sub(1).mul(Float.MAX_VALUE);
  }
}
