package dev.peft4j.tuner;

import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The change that an adapter makes to the weight of a linear layer.
 *
 * @param path the layer's path
 * @param delta the difference, (out, in) however the layer stores its weight
 * @param exact B (out, r) and A (r, in) whose product it is, if the adapter has such factors by
 *     itself; else null
 */
public record WeightChange(String path, Tensor delta, @Nullable Factors exact) {
  /**
   * Two factors.
   *
   * @param b (out, r)
   * @param a (r, in)
   */
  public record Factors(Tensor b, Tensor a) {}
}
