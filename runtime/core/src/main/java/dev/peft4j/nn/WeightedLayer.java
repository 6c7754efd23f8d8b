package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** A layer with one weight, an optional bias, and a slot for adapters of them. */
public abstract class WeightedLayer extends Module implements Layer, Adaptable {
  private Parameter weight;
  private @Nullable Parameter bias;
  private final AdapterSlot slot = new AdapterSlot();

  /** Creates a layer of given parameters, which it owns from now on. */
  protected WeightedLayer(Parameter weight, @Nullable Parameter bias) {
    this.weight = weight;
    this.bias = bias;
  }

  @Override
  public Tensor forward(Tensor x) {
    return seen(slot.apply(x, this::base));
  }

  /**
   * Returns the result without adapters, from the current {@link #weight()} and {@link #bias()}.
   */
  protected abstract Tensor base(Tensor x);

  /** Computes with the parameters of a layer of the same sizes from now on. */
  final void shareWith(WeightedLayer other) {
    weight = other.weight;
    bias = other.bias;
  }

  /** Returns the weight; its sizes are the layer's. */
  public Parameter weight() {
    return weight;
  }

  /** Returns the bias, or null. */
  public @Nullable Parameter bias() {
    return bias;
  }

  @Override
  public AdapterSlot slot() {
    return slot;
  }
}
