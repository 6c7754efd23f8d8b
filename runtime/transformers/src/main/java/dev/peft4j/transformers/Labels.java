package dev.peft4j.transformers;

import dev.peft4j.data.IndexException;
import dev.peft4j.data.ShapeException;
import dev.peft4j.data.Storage;
import dev.peft4j.tensor.Tensor;
import java.util.Locale;

/** The checks of a classifier's labels. */
final class Labels {
  private final String model;
  private final int classes;

  /** Creates the checks for a model of {@code classes} labels. */
  Labels(String modelType, int classes) {
    this.model = modelType.toUpperCase(Locale.ROOT);
    this.classes = classes;
  }

  ShapeException misshaped(Tensor logits, Tensor labels, String needed) {
    return new ShapeException(
        model
            + ": logits of shape "
            + logits.shape()
            + " and labels "
            + labels.dtype()
            + " "
            + labels.shape()
            + ": needed "
            + needed);
  }

  /** Throws for the first label that is out of range, if the labels are already computed. */
  void require(Tensor labels) {
    Storage known = labels.node().value();
    for (long i = 0; known != null && i < known.elements(); i++) {
      long label = known.index(i);
      if ((label < 0 || label >= classes) && label != EncoderClassifier.IGNORED) {
        throw new IndexException(
            model
                + ": label "
                + label
                + " in row "
                + place(labels, i)
                + " is out of range for "
                + classes
                + " labels (0 to "
                + (classes - 1)
                + ", or "
                + EncoderClassifier.IGNORED
                + " to ignore the "
                + (labels.shape().rank() == 1 ? "row" : "token")
                + ")");
      }
    }
  }

  private static String place(Tensor labels, long i) {
    int columns = labels.shape().rank() == 1 ? 1 : labels.dim(1);
    return labels.shape().rank() == 1 ? "" + i : i / columns + ", token " + i % columns;
  }
}
