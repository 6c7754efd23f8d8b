package dev.peft4j.tuner;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import java.util.List;

/**
 * Dropout in an adapter, with masks from a generator of the adapter's own; outside training it does
 * nothing.
 */
public final class AdapterDropout {
  private final Module layer;
  private final double p;
  private final Rng rng;

  /**
   * Creates it for the adapter of a layer.
   *
   * @param layer says whether it is trained
   * @param p the probability; 1 drops everything
   * @param rng the generator that the adapter starts from
   */
  public AdapterDropout(Module layer, double p, Rng rng) {
    this.layer = layer;
    this.p = p;
    this.rng = p == 0 ? rng : rng.split();
  }

  /** Returns whether something is dropped now. */
  public boolean acts() {
    return p > 0 && layer.training();
  }

  /** Returns {@code x} with elements dropped and the others scaled by 1 / (1 - p). */
  public Tensor apply(Tensor x) {
    if (!acts()) {
      return x;
    }
    return p == 1
        ? x.mul(0)
        : x.dropout((float) p, Tensor.of(new long[] {layer.generator(rng).nextLong()}));
  }

  /** Returns a vector of {@code n} numbers that are 0 with probability p, and otherwise 1. */
  public Tensor kept(int n) {
    return apply(Tensor.ones(n)).sign();
  }

  /** Returns the next of its random numbers in [0, 1), for what is drawn on the side. */
  public double next() {
    return layer.generator(rng).nextDouble();
  }

  /** Returns the generators that training draws from. */
  public List<Rng> generators() {
    return p == 0 ? List.of() : List.of(rng);
  }
}
