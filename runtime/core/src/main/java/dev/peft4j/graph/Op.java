package dev.peft4j.graph;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import org.jspecify.annotations.Nullable;

/**
 * An operation of the graph: its shape rule, its gradient and, unless it is primitive, its
 * decomposition into simpler operations. An op is a value (a record): two equal ops compute the
 * same. Everything that changes from call to call is an input, not an attribute, so that programs
 * can be cached by their structure.
 */
public interface Op {
  /** Returns the name for error messages and profiles. */
  default String name() {
    return getClass().getSimpleName();
  }

  /**
   * Returns the shape of the result.
   *
   * @throws dev.peft4j.data.ShapeException if the inputs do not fit, naming the op and the shapes
   */
  Shape shape(Node[] inputs);

  /**
   * Returns the element type of the result. Unless overridden it is float32, and all inputs must be
   * float32.
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
   * @return one entry for each input; null where that input does not lead to a trainable value
   *     ({@link Node#requiresGrad()})
   */
  @Nullable Node[] gradient(Node out, Node dOut);

  /**
   * Returns the same result made from simpler operations, or null for a primitive. A backend
   * without a kernel for this op runs the decomposition; it is also the specification of the
   * kernels that exist.
   */
  default @Nullable Node decompose(Node[] inputs) {
    return null;
  }

  /**
   * Returns an equal node that is cheaper, or null if there is none: it uses what an op knows about
   * the ops that it is applied to (a product of a transpose, a reshape of a reshape).
   */
  default @Nullable Node simplify(Node[] inputs) {
    return null;
  }

  /**
   * Returns this op's result as a part of {@code other}, an op of the same inputs that computes it
   * on the way, or null if it does not. What is computed anyway is then not computed again.
   */
  default @Nullable Node partOf(Node other) {
    return null;
  }

  /**
   * Returns how a part of the result along an axis depends on parts of the inputs.
   *
   * @return for each input the axis to take the same part of, or -1 to take all of it; null if the
   *     op does not work part by part along that axis
   */
  default int @Nullable [] partAxes(Node[] inputs, Shape out, int axis) {
    return null;
  }

  /**
   * Returns the element where the result starts if it is a contiguous part of input 0 that needs no
   * computation; -1 otherwise.
   */
  default long viewOffset(Shape input, Shape output) {
    return -1;
  }

  /**
   * Returns whether each element of the result depends on input {@code i} only through elements
   * that a kernel has read before it writes them, so that the result may use that input's memory.
   */
  default boolean mayOverwrite(int i, Shape input, Shape output) {
    return false;
  }

  /**
   * Returns the input of which the result is an update, or -1: the same elements in the same order,
   * some of them replaced. If that input is a {@link State} that takes the result, the kernel gets
   * its memory for both and writes only what is new.
   */
  default int updates() {
    return -1;
  }

  /**
   * Returns the number of floating-point operations of one run, for profiles: an addition or
   * multiplication counts as one, and so does each function such as exp. Unless overridden, one for
   * each element of the result.
   */
  default long flops(Shape[] inputs, Shape output) {
    return output.elements();
  }

  /**
   * Returns whether computing the result again costs little more than reading it: one pass over the
   * inputs. A training step may then compute it twice instead of keeping it.
   */
  default boolean isCheap() {
    return false;
  }

  /** Returns false if no gradient ever flows through this op. */
  default boolean differentiable() {
    return true;
  }

  /** Returns the gradients of an op that has none: null for each input. */
  static @Nullable Node[] noGradient(Node out) {
    return new @Nullable Node[out.inputs().length];
  }
}
