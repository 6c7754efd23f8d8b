package dev.peft4j.graph;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import org.jspecify.annotations.Nullable;

/**
 * One operation of the graph: its shape rule, its gradient and, unless it is primitive, its
 * decomposition into simpler operations. An op is a value (a record): two equal ops compute the
 * same. Everything that changes from call to call is an input, not an attribute, so that programs
 * can be cached by their structure.
 */
public interface Op {
  /** The name that error messages and profiles show. */
  default String name() {
    return getClass().getSimpleName();
  }

  /**
   * The shape of the result.
   *
   * @throws dev.peft4j.data.ShapeException if the inputs do not fit, naming the op and the shapes
   */
  Shape shape(Node[] inputs);

  /**
   * The element type of the result. Unless overridden it is float32, and so must be all inputs.
   *
   * @throws dev.peft4j.data.ShapeException if the op cannot work on an input's type
   */
  default DType dtype(Node[] inputs) {
    for (int i = 0; i < inputs.length; i++) {
      if (inputs[i].dtype() != DType.FLOAT32) {
        throw new ShapeException(
            name()
                + ": input "
                + i
                + " is "
                + inputs[i].dtype()
                + " "
                + inputs[i].shape()
                + ", needed FLOAT32; see toFloat()");
      }
    }
    return DType.FLOAT32;
  }

  /**
   * Builds the gradient of a loss with respect to each input.
   *
   * @param out the node of this op
   * @param dOut gradient of the loss with respect to {@code out}, of its shape
   * @return one entry an input; null where that input does not lead to a trainable value ({@link
   *     Node#requiresGrad()})
   */
  @Nullable Node[] gradient(Node out, Node dOut);

  /**
   * The same result from simpler operations, or null for a primitive. A backend without a kernel
   * for this op runs the decomposition; it is also the specification of the kernels that exist.
   */
  default @Nullable Node decompose(Node[] inputs) {
    return null;
  }

  /**
   * An equal node that is cheaper, or null if there is none: what an op knows about the ops it is
   * applied to (a product of a transpose, a reshape of a reshape).
   */
  default @Nullable Node simplify(Node[] inputs) {
    return null;
  }

  /**
   * How a part of the result along an axis follows from parts of the inputs.
   *
   * @return for each input the axis to take the same part of, or -1 to take all of it; null if the
   *     op does not work part by part along that axis
   */
  default int @Nullable [] partAxes(Node[] inputs, Shape out, int axis) {
    return null;
  }

  /**
   * If the result is a contiguous part of input 0 that needs no computation, the element where it
   * starts; -1 otherwise.
   */
  default long viewOffset(Shape input, Shape output) {
    return -1;
  }

  /**
   * True if each element of the result depends on input {@code i} only through the elements that a
   * kernel has read before it writes them, so that the result may take that input's memory.
   */
  default boolean mayOverwrite(int i, Shape input, Shape output) {
    return false;
  }

  /**
   * Floating-point operations of one run, for profiles: an addition or multiplication counts one,
   * and so does each function such as exp. Unless overridden, one for each element of the result.
   */
  default long flops(Shape[] inputs, Shape output) {
    return output.elements();
  }

  /** False if no gradient ever flows through this op, whatever its inputs are. */
  default boolean differentiable() {
    return true;
  }

  /** Gradients of an op that has none: null for each input. */
  static @Nullable Node[] noGradient(Node out) {
    return new @Nullable Node[out.inputs().length];
  }
}
