package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** A layer of one weight, perhaps a bias, and a slot for adapters of them. */
public abstract class WeightedLayer extends Module implements Layer, Adaptable {
  private final Parameter weight;
  private final @Nullable Parameter bias;
  private final AdapterSlot slot = new AdapterSlot();

  /** A layer of given parameters, which it owns from now on. */
  protected WeightedLayer(Parameter weight, @Nullable Parameter bias) {
    this.weight = weight;
    this.bias = bias;
  }

  @Override
  public Tensor forward(Tensor x) {
    return seen(slot.apply(x, this::base));
  }

  /** The result without adapters, from the present {@link #weight()} and {@link #bias()}. */
  protected abstract Tensor base(Tensor x);

  /** The weight; its sizes are the layer's. */
  public Parameter weight() {
    return weight;
  }

  /** The bias, or null. */
  public @Nullable Parameter bias() {
    return bias;
  }

  @Override
  public AdapterSlot slot() {
    return slot;
  }
}
