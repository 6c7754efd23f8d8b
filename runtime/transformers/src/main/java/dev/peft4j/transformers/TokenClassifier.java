package dev.peft4j.transformers;

import dev.peft4j.data.IndexException;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.tensor.Tensor;

/**
 * An encoder with a classifier of each token, as for named entities. {@link
 * Transformers#tokenClassifier} loads one from a folder.
 */
public abstract class TokenClassifier extends EncoderClassifier {
  /** Creates a classifier; the subclass holds its layers. */
  protected TokenClassifier() {}

  /**
   * Returns the mean cross-entropy over the tokens that are not ignored.
   *
   * @param logits (batch, tokens, labels), from {@link #forward}
   * @param labels integers (batch, tokens), 0 to labels - 1; -100 for tokens that are ignored
   * @return a single value
   * @throws ShapeException if the shapes do not fit
   * @throws IndexException if a label is out of range, with the label and its row
   */
  public final Tensor loss(Tensor logits, Tensor labels) {
    int classes = config().numLabels();
    Labels check = new Labels(modelType(), classes);
    Shape s = logits.shape();
    boolean fits = s.rank() == 3 && s.dim(2) == classes && labels.dtype().isInteger();
    if (!fits || !labels.shape().equals(Shape.of(s.dim(0), s.dim(1)))) {
      throw check.misshaped(
          logits, labels, "(batch, tokens, " + classes + ") and integers (batch, tokens)");
    }
    check.require(labels);
    int rows = s.dim(0) * s.dim(1);
    return logits.reshape(rows, classes).crossEntropy(labels.reshape(rows), IGNORED);
  }
}
