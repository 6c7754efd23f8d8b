package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.IndexException;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.Scalar;
import dev.peft4j.graph.SumTo;
import org.jspecify.annotations.Nullable;

/**
 * Mean negative log-likelihood of the labels under a softmax: torch's {@code F.cross_entropy}.
 * Inputs logits (n, classes) and integer labels (n); rows whose label is {@code ignoreIndex} are
 * ignored. The result is a scalar, NaN if no row counts.
 */
public record CrossEntropy(int ignoreIndex) implements Op {
  // not a product: a class that is ruled out by a logit of -∞ must not make 0 · -∞ of the others
  static final Elementwise PICK =
      new Elementwise("pick", 2, Scalar.select(Scalar.input(1), Scalar.input(0), Scalar.of(0)));

  /** Returns the mean loss of {@code logits} (n, classes) against {@code labels} (n). */
  public static Node of(Node logits, Node labels, int ignoreIndex) {
    return Node.of(new CrossEntropy(ignoreIndex), logits, labels);
  }

  @Override
  public Shape shape(Node[] inputs) {
    Shape x = inputs[0].shape();
    Node labels = inputs[1];
    if (x.rank() != 2
        || inputs[0].dtype() != DType.FLOAT32
        || !labels.dtype().isInteger()
        || !labels.shape().equals(Shape.of(x.dim(0)))) {
      throw new ShapeException(
          "crossEntropy: logits of type "
              + inputs[0].dtype()
              + " "
              + x
              + " and labels of type "
              + labels.dtype()
              + " "
              + labels.shape()
              + ": needed FLOAT32 logits (n, classes) and n integer labels");
    }
    if (x.elements() == 0) {
      throw new ShapeException("crossEntropy: logits of shape " + x + ": the batch is empty");
    }
    return Shape.SCALAR;
  }

  @Override
  public DType dtype(Node[] inputs) {
    return DType.FLOAT32;
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    return new @Nullable Node[] {
      Node.of(new CrossEntropyGrad(ignoreIndex), out.input(0), out.input(1), dOut), null
    };
  }

  @Override
  public Node decompose(Node[] inputs) {
    Node hot = Node.of(new OneHot(inputs[0].shape().dim(1), ignoreIndex), inputs[1]);
    Node picked = Node.of(PICK, Node.of(new LogSoftmax(), inputs[0]), hot);
    Node total = SumTo.of(picked, Shape.of(1, 1));
    Node count = SumTo.of(hot, Shape.of(1, 1));
    return Reshape.of(Node.of(Pointwise.NEG, Node.of(Pointwise.DIV, total, count)), Shape.SCALAR);
  }

  /** Returns the exception for a label outside the classes; backends share it. */
  public static IndexException outOfRange(long label, long row, int classes, int ignoreIndex) {
    return new IndexException(
        "crossEntropy: label "
            + label
            + " in row "
            + row
            + " is out of range for "
            + classes
            + " classes (0 to "
            + (classes - 1)
            + ", or "
            + ignoreIndex
            + " to ignore the row)");
  }
}
