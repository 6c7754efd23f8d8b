package dev.peft4j.nn;

import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Variable;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A tensor that belongs to a module and that training may change; float32. As a tensor it stands
 * for its present value, or, while an adapter is active that trains a copy of it (peft's {@code
 * modules_to_save} and {@code bias}), for that copy.
 */
public final class Parameter extends Tensor {
  private final Variable variable;
  private volatile OverlaySource[] sources = Overlays.NONE;

  /** A trainable parameter with the given first value, which it owns from now on. */
  public Parameter(Storage value, Shape shape) {
    super(null);
    this.variable = new Variable("parameter", value, shape, true);
  }

  /** A trainable parameter with the given first values. */
  public Parameter(float[] values, int... shape) {
    this(Storage.of(values), Shape.of(shape));
  }

  @Override
  public Node node() {
    Overlay acting = Overlays.acting(sources);
    return (acting == null ? this : acting.of(this)).variable.node();
  }

  @Override
  public Shape shape() {
    return variable.shape();
  }

  /** The variable that holds the value. */
  public Variable variable() {
    return variable;
  }

  /** The memory of this parameter's own value, whatever adapter is active. */
  public Storage own() {
    return variable.storage();
  }

  /** What messages call it: its path once it is part of a named model. */
  public String name() {
    return variable.name();
  }

  /** True if it receives gradients: torch's {@code requires_grad}. */
  public boolean trainable() {
    return variable.trainable();
  }

  /** No gradients from now on. */
  public void freeze() {
    variable.trainable(false);
  }

  /** Gradients from now on. */
  public void unfreeze() {
    variable.trainable(true);
  }

  /** The gradient since the last optimizer step, or null if no backward pass reached it. */
  public @Nullable Tensor grad() {
    Node g = variable.gradient();
    if (g == null) {
      return null;
    }
    // computed together with the pass that it comes from, so that forward and backward run once
    if (!g.isKnown() && !variable.passes().isEmpty()) {
      Node loss = variable.passes().getLast().loss();
      if (loss.pass() != null) {
        Tensor.of(loss).storage();
      }
    }
    return Tensor.of(g);
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
   * Replaces the value.
   *
   * @throws IllegalArgumentException if type or number of elements differ
   */
  public void set(Storage values) {
    variable.storage().copyFrom(values);
    variable.changed();
  }

  /** Lets an adapted model put copies in place of this parameter. */
  public synchronized void join(OverlaySource source) {
    sources = Overlays.plus(sources, source);
  }

  /** Ends that. */
  public synchronized void leave(OverlaySource source) {
    sources = Overlays.minus(sources, source);
  }

  /** The adapted models that may put copies in place of this parameter. */
  public List<OverlaySource> sources() {
    return List.of(sources);
  }
}
