package dev.peft4j.tuner.prompt;

import dev.peft4j.tuner.CommonConfig;

/**
 * Settings of an adapter with virtual tokens.
 *
 * @param <C> the settings themselves
 */
public interface PromptConfig<C extends PromptConfig<C>> extends CommonConfig<C> {
  /** Returns how many virtual tokens there are, and of which sizes. */
  VirtualTokens virtual();

  /** Returns the same settings with other virtual tokens. */
  C withVirtual(VirtualTokens other);

  /**
   * Returns the settings of an adapter for training, where these are of one that was saved. Its
   * virtual tokens start anew if they are computed from something that files do not have.
   */
  default C forTraining() {
    return withVirtual(virtual().withInference(false));
  }
}
