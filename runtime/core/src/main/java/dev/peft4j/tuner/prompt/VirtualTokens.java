package dev.peft4j.tuner.prompt;

import dev.peft4j.nn.ModelSlots;
import dev.peft4j.tuner.SettingChecks;

/**
 * The number of an adapter's virtual tokens and the sizes of the model that they are for: what
 * peft's settings of prompt learning have in common.
 *
 * @param tokens number of virtual tokens
 * @param width of a token, or of the keys of one layer: peft's {@code token_dim}; 0 for the model's
 * @param layers number of the model's layers; 0 for the model's
 * @param heads number of attention heads; 0 for the model's
 * @param inference whether the adapter is one that was saved: without what its virtual tokens were
 *     computed from in training, peft's {@code inference_mode}
 */
public record VirtualTokens(int tokens, int width, int layers, int heads, boolean inference) {
  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public VirtualTokens {
    SettingChecks.atLeast("virtualTokens", tokens, 1);
    SettingChecks.atLeast("tokenDim", width, 0);
    SettingChecks.atLeast("modelLayers", layers, 0);
    SettingChecks.atLeast("attentionHeads", heads, 0);
  }

  /** Returns these with what they leave to the model, for tokens among the words' embeddings. */
  public VirtualTokens among(ModelSlots.Sizes model) {
    return new VirtualTokens(
        tokens,
        width == 0 ? model.hidden() : width,
        layers == 0 ? model.layers() : layers,
        heads == 0 ? model.heads() : heads,
        inference);
  }

  /** Returns these with what they leave to the model, for keys and values of each layer. */
  public VirtualTokens before(ModelSlots.Sizes model) {
    return new VirtualTokens(
        tokens,
        width == 0 ? model.kvHeads() * model.headDim() : width,
        layers == 0 ? model.layers() : layers,
        heads == 0 ? model.kvHeads() : heads,
        inference);
  }

  /** Returns the same with another number of tokens. */
  public VirtualTokens withTokens(int value) {
    return new VirtualTokens(value, width, layers, heads, inference);
  }

  /** Returns the same for training, or as saved. */
  public VirtualTokens withInference(boolean value) {
    return new VirtualTokens(tokens, width, layers, heads, value);
  }
}
