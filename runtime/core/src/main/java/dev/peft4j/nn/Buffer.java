package dev.peft4j.nn;

import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Variable;
import dev.peft4j.tensor.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A tensor that belongs to a module and that no gradient changes, such as the running mean of a
 * {@link BatchNorm2d}: torch's {@code register_buffer}. A field of this type is found as a
 * parameter is. It is in the module's state dict and files, in checkpoints of a training, and in
 * the copy that an adapter has of a module to save; an optimizer never sees it.
 *
 * <p>A layer that computes its next value while it is called says so with {@link #follow}.
 */
public final class Buffer extends ModuleTensor {
  private volatile @Nullable Pending pending;

  /** A change of one or several buffers that counts from the next time that one is read. */
  interface Pending {
    /** Makes the change and takes itself off the buffers. */
    void settle();
  }

  /** A buffer with the given first value, which it owns from now on. */
  public Buffer(Storage value, Shape shape) {
    super(new Variable("buffer", value, shape, false));
  }

  /** A buffer of float32 with the given first values. */
  public Buffer(float[] values, int... shape) {
    this(Storage.of(values), Shape.of(shape));
  }

  /** A buffer of one int64 number and rank 0, such as a count. */
  public static Buffer count(long first) {
    return new Buffer(Storage.of(new long[] {first}), Shape.SCALAR);
  }

  /** The same number everywhere, float32. */
  static Buffer filled(float value, int... shape) {
    Shape s = Shape.of(shape);
    float[] values = new float[s.size()];
    Arrays.fill(values, value);
    return new Buffer(Storage.of(values), s);
  }

  /** The buffer that stands for this one here: a copy that an active adapter has, or this one. */
  public Buffer acting() {
    Overlay acting = Overlays.acting(overlaySources());
    return acting == null ? this : acting.of(this);
  }

  /**
   * True if the module that holds it may change it here: not in the base of an adapted model, which
   * others may share, unless the active adapter has a copy of it.
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
   * Takes the value of a tensor from now on. It is computed with whatever computes what it depends
   * on, such as the optimizer's step, or else when the buffer is next read. A value that is not
   * finite is not taken.
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

  /** Takes a change off, unless another one came after it. */
  void settled(Pending change) {
    if (pending == change) {
      pending = null;
    }
  }

  /** Drops a change that has not been made. */
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

  /** A copy for an adapter. */
  public Buffer copy() {
    Storage value = own().copyAs(own().dtype().encoding());
    return new Buffer(value, shape());
  }
}
