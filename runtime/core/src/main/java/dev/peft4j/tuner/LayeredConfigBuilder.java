package dev.peft4j.tuner;

/**
 * The part that builders have in common where an adapter can be confined to some of the layers of a
 * list.
 *
 * @param <B> the builder itself
 */
public abstract class LayeredConfigBuilder<B extends LayeredConfigBuilder<B>>
    extends ConfigBuilder<B> {
  /** Creates the builder of a tuner. */
  protected LayeredConfigBuilder() {}

  /** Adds indices of the layers that ends of paths are confined to. */
  public B layers(int... indices) {
    targetSpec().layers(indices);
    return self();
  }

  /** Adds names of the list that layers are counted in. */
  public B layersPattern(String... patterns) {
    targetSpec().layersPattern(patterns);
    return self();
  }
}
