package dev.peft4j.nn;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Variable;
import dev.peft4j.tensor.Tensor;
import java.util.List;

/**
 * A tensor that a module holds in a field and that its file contains: a {@link Parameter}, which
 * training changes along its gradient, or a {@link Buffer}, which the module changes itself. As a
 * tensor it stands for its current value or, while an adapter is active that has a copy of it
 * (peft's {@code modules_to_save}), for that copy.
 */
public abstract sealed class ModuleTensor extends Tensor permits Parameter, Buffer {
  private final Variable variable;
  private volatile OverlaySource[] sources = Overlays.NONE;

  ModuleTensor(Variable variable) {
    super(null);
    this.variable = variable;
  }

  @Override
  public Shape shape() {
    return variable.shape();
  }

  /** Returns the variable that holds the value. */
  public Variable variable() {
    return variable;
  }

  /** Returns the memory of its own value, independent of the active adapter. */
  public Storage own() {
    return variable().storage();
  }

  /** Returns the name for messages: its path once it is part of a named model. */
  public String name() {
    return variable.name();
  }

  /**
   * Replaces the value.
   *
   * @throws IllegalArgumentException if the number of elements differs
   */
  public void set(float... values) {
    set(Storage.of(values));
  }

  /**
   * Replaces the value; if the floating-point type differs, numbers are converted.
   *
   * @throws IllegalArgumentException if the number of elements differs, or integers meet
   *     floating-point numbers
   */
  public void set(Storage values) {
    variable().set(values);
  }

  /**
   * Replaces the memory of its value without a copy: with a file's, for example, which is not
   * written to. A parameter in codes is frozen.
   *
   * @param values floating-point numbers in any encoding; for a buffer of integers such
   * @throws IllegalArgumentException if the number of elements differs, or integers meet
   *     floating-point numbers
   */
  public void adopt(Storage values) {
    DType own = own().dtype();
    if (values.dtype() != own && (own.isInteger() || values.dtype().isInteger())) {
      throw new IllegalArgumentException(
          "'"
              + name()
              + "' cannot hold "
              + values.encoding()
              + ", needed "
              + (own.isInteger() ? own.name() : "a floating-point type"));
    }
    variable().adopt(values);
  }

  /**
   * Checks that merged weights can be written into this tensor.
   *
   * @throws IllegalStateException if it holds blocks of codes, where the little that an adapter
   *     adds to a weight would be rounded away
   */
  public void requireMergeable() {
    if (own().encoding().hasBlocks()) {
      throw new IllegalStateException(
          "'"
              + name()
              + "' is held as "
              + own().encoding()
              + ", where what an adapter adds would be lost in rounding; merge with another"
              + " encoding, mergeAndUnload(Encodings.BFLOAT16) or saveMerged(path,"
              + " Encodings.BFLOAT16), hold it as FLOAT32 first, with to(FLOAT32), or keep the"
              + " adapter beside the base");
    }
  }

  /** Returns the sources of overlays. */
  OverlaySource[] overlaySources() {
    return sources;
  }

  /** Lets an adapted model use copies in place of this tensor. */
  public synchronized void join(OverlaySource source) {
    sources = Overlays.plus(sources, source);
  }

  /** Removes an adapted model. */
  public synchronized void leave(OverlaySource source) {
    sources = Overlays.minus(sources, source);
  }

  /** Returns the adapted models that may use copies in place of this tensor. */
  public List<OverlaySource> sources() {
    return List.of(sources);
  }
}
