package dev.peft4j.nn;

import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Variable;
import dev.peft4j.tensor.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A tensor that belongs to a module and is not changed by gradients, such as the running mean of a
 * {@link BatchNorm2d}: torch's {@code register_buffer}. Fields of this type are found as parameters
 * are. A buffer is in the module's state dict and files, in checkpoints, and in the copy that an
 * adapter has of a module to save; an optimizer never sees it.
 *
 * <p>A layer that computes the next value during a call passes it to {@link #follow}.
 */
public final class Buffer extends ModuleTensor {
  private volatile @Nullable Pending pending;

  /** A pending change of one or several buffers that takes effect when one of them is next read. */
  interface Pending {
    /** Applies the change and removes it from the buffers. */
    void settle();
  }

  /** Creates a buffer with the given initial value, which it owns from now on. */
  public Buffer(Storage value, Shape shape) {
    super(new Variable("buffer", value, shape, false));
  }

  /** Creates a buffer of float32 with the given initial values. */
  public Buffer(float[] values, int... shape) {
    this(Storage.of(values), Shape.of(shape));
  }

  /** Creates a buffer of one int64 number and rank 0, such as a count. */
  public static Buffer count(long first) {
    return new Buffer(Storage.of(new long[] {first}), Shape.SCALAR);
  }

  /** Creates a buffer of float32 in which all elements are {@code value}. */
  static Buffer filled(float value, int... shape) {
    Shape s = Shape.of(shape);
    float[] values = new float[s.size()];
    Arrays.fill(values, value);
    return new Buffer(Storage.of(values), s);
  }

  /**
   * Returns the buffer that is used in place of this one here: a copy that an active adapter has,
   * or this one.
   */
  public Buffer acting() {
    Overlay acting = Overlays.acting(overlaySources());
    return acting == null ? this : acting.of(this);
  }

  /**
   * Returns whether the module that holds it may change it here: not in the base of an adapted
   * model, which others may share, unless the active adapter has a copy of it.
   */
  public boolean mayChange() {
    return overlaySources().length == 0 || acting() != this;
  }

  @Override
  public Node node() {
    Variable v = acting().variable();
    Node leaf = v.node();
    return leaf.encoding().isPlain() ? leaf : Tensor.of(leaf).toFloat().node();
  }

  @Override
  public Variable variable() {
    Pending p = pending;
    if (p != null) {
      p.settle();
    }
    return super.variable();
  }

  /**
   * Takes the value of a tensor from now on. The value is computed together with what it depends
   * on, for example by the optimizer's step, or when the buffer is next read. A value that is not
   * finite is ignored.
   *
   * @param next of this buffer's shape
   * @throws IllegalArgumentException if it has another shape
   */
  public void follow(Tensor next) {
    if (!next.shape().equals(shape())) {
      throw new IllegalArgumentException(
          "buffer '" + name() + "' of shape " + shape() + " cannot follow " + next.shape());
    }
    next.retain();
    later(
        new Pending() {
          @Override
          public void settle() {
            synchronized (Buffer.this) {
              if (pending == this) {
                pending = null;
                Storage value = next.storage();
                if (isFinite(value)) {
                  set(value);
                }
              }
            }
          }
        });
  }

  static boolean isFinite(Storage values) {
    if (!values.dtype().isInteger()) {
      for (float v : values.toFloats()) {
        if (!Float.isFinite(v)) {
          return false;
        }
      }
    }
    return true;
  }

  void later(Pending change) {
    pending = change;
  }

  /** Removes a change, unless another one came after it. */
  void settled(Pending change) {
    if (pending == change) {
      pending = null;
    }
  }

  /** Drops a change that has not been applied. */
  void drop() {
    pending = null;
  }

  @Override
  public void set(Storage values) {
    drop();
    super.set(values);
  }

  @Override
  public void adopt(Storage values) {
    drop();
    super.adopt(values);
  }

  /** Returns a copy for an adapter. */
  public Buffer copy() {
    Storage value = own().copyAs(own().dtype().encoding());
    return new Buffer(value, shape());
  }
}
