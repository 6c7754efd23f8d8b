package dev.peft4j.tuner;

import dev.peft4j.annotation.Bias;

/**
 * The part that builders have in common where biases of the base model may be trained besides.
 *
 * @param <B> the builder itself
 */
public abstract class BiasedConfigBuilder<B extends BiasedConfigBuilder<B>>
    extends LayeredConfigBuilder<B> {
  /** Creates the builder of a tuner. */
  protected BiasedConfigBuilder() {}

  /** Sets which biases of the base model are trained. */
  public B bias(Bias value) {
    return biases(value);
  }
}
