package dev.peft4j.tuner;

import java.util.Map;

/**
 * An adapter made of others.
 *
 * @param <C> the settings of its tuner
 */
public interface CombinedAdapter<C extends PeftConfig> {
  /** Returns the settings of the new adapter. */
  C config();

  /**
   * Computes the weights of the new adapter.
   *
   * @param layers its layers by their paths
   * @throws IllegalArgumentException if the sources cannot be combined in a layer, naming it
   */
  void fill(Map<String, TunerLayer> layers);
}
