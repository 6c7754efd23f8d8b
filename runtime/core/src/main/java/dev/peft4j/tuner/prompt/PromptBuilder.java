package dev.peft4j.tuner.prompt;

import dev.peft4j.tuner.ConfigBuilder;

/**
 * The common part of builders of settings with virtual tokens. Sizes that are not set are the
 * model's.
 *
 * @param <B> the builder itself
 */
public abstract class PromptBuilder<B extends PromptBuilder<B>> extends ConfigBuilder<B> {
  private int tokens = 20;
  private int width;
  private int layers;
  private int heads;
  private boolean inference;

  /** Creates the builder of a tuner. */
  protected PromptBuilder() {}

  @Override
  public final boolean hasTargets() {
    return false;
  }

  /** Sets the number of virtual tokens. */
  public B virtualTokens(int value) {
    tokens = value;
    return self();
  }

  /** Returns the number of virtual tokens. */
  public int virtualTokens() {
    return tokens;
  }

  /** Sets the width of a token, or of the keys of a layer; 0 for the model's. */
  public B tokenDim(int value) {
    width = value;
    return self();
  }

  /** Sets the number of the model's layers; 0 for the model's. */
  public B modelLayers(int value) {
    layers = value;
    return self();
  }

  /** Sets the number of attention heads; 0 for the model's. */
  public B attentionHeads(int value) {
    heads = value;
    return self();
  }

  /** Sets whether the adapter is one that was saved, which has only the virtual tokens. */
  public B inference(boolean value) {
    inference = value;
    return self();
  }

  /** Returns the virtual tokens that were described. */
  protected final VirtualTokens virtual() {
    return new VirtualTokens(tokens, width, layers, heads, inference);
  }
}
