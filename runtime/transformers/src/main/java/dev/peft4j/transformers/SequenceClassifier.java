package dev.peft4j.transformers;

import dev.peft4j.data.IndexException;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.tensor.Tensor;

/**
 * An encoder with a classifier of whole texts. {@link Transformers#sequenceClassifier} loads one
 * from a folder.
 */
public abstract class SequenceClassifier extends EncoderClassifier {
  /** Creates a classifier; the subclass holds its layers. */
  protected SequenceClassifier() {}

  /**
   * Returns the same loss as transformers. The settings determine its kind ({@link
   * EncoderConfig#problemType()}), or else the labels: with one label in all, the mean squared
   * error; with integers, cross-entropy; with floating-point numbers, binary cross-entropy of each.
   *
   * @param logits (batch, labels), from {@link #forward}
   * @param labels integers (batch), 0 to labels - 1, or -100 for rows that are ignored; numbers
   *     (batch) or (batch, labels) for a regression; numbers from 0 to 1 (batch, labels) where a
   *     text may have several labels
   * @return a single value
   * @throws ShapeException if the shapes or types do not fit
   * @throws IndexException if a label is out of range, with the label and its row
   */
  public final Tensor loss(Tensor logits, Tensor labels) {
    int classes = config().numLabels();
    Labels check = new Labels(modelType(), classes);
    Shape s = logits.shape();
    boolean integers = labels.dtype().isInteger();
    boolean chosen = config().problemType() == null;
    ProblemType problem = config().problemType();
    if (problem == null) {
      problem =
          classes == 1
              ? ProblemType.REGRESSION
              : integers ? ProblemType.SINGLE_LABEL : ProblemType.MULTI_LABEL;
    }
    boolean fits = s.rank() == 2 && s.dim(1) == classes;
    if (problem == ProblemType.SINGLE_LABEL) {
      if (!fits || !integers || !labels.shape().equals(Shape.of(s.dim(0)))) {
        throw check.misshaped(logits, labels, "(batch, " + classes + ") and batch integers");
      }
      check.require(labels);
      return logits.crossEntropy(labels, IGNORED);
    }
    boolean flat = classes == 1 && fits && labels.shape().equals(Shape.of(s.dim(0)));
    boolean regression = problem == ProblemType.REGRESSION;
    if (!fits || !flat && !labels.shape().equals(s) || integers && !regression) {
      throw check.misshaped(
          logits,
          labels,
          "(batch, " + classes + ") twice" + (regression ? "" : ", of floating-point numbers"));
    }
    Tensor target = (integers ? labels.toFloat() : labels).reshape(s.dim(0), classes);
    if (regression) {
      return logits.mseLoss(target);
    }
    return chosen ? lossOfNumbers(logits, target) : logits.bceWithLogitsLoss(target);
  }

  /**
   * Returns the loss of labels in floating-point numbers where the settings do not say its kind:
   * binary cross-entropy of each, but for families that choose another.
   *
   * @param logits (batch, labels), more than one label
   * @param target like {@code logits}
   */
  protected Tensor lossOfNumbers(Tensor logits, Tensor target) {
    return logits.bceWithLogitsLoss(target);
  }
}
