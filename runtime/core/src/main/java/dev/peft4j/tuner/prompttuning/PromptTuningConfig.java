package dev.peft4j.tuner.prompttuning;

import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.prompt.PromptBuilder;
import dev.peft4j.tuner.prompt.PromptConfig;
import dev.peft4j.tuner.prompt.VirtualTokens;

/**
 * Settings of {@link PromptTuningTuner}: peft's {@code PromptTuningConfig}.
 *
 * @param virtual how many virtual tokens there are, and their sizes
 * @param start what they start from
 * @param initText the text of {@link PromptStart#TEXT}; else empty
 * @param tokenizer the tokenizer of that text; empty for that of the base model
 * @param common modules to save, task and base model
 */
public record PromptTuningConfig(
    VirtualTokens virtual,
    PromptStart start,
    String initText,
    String tokenizer,
    CommonSettings common)
    implements PromptConfig<PromptTuningConfig> {

  /** Starts with peft's defaults, and 20 virtual tokens. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return PromptTuningTuner.PEFT_TYPE;
  }

  @Override
  public PromptTuningConfig withVirtual(VirtualTokens other) {
    return new PromptTuningConfig(other, start, initText, tokenizer, common);
  }

  @Override
  public PromptTuningConfig withCommon(CommonSettings other) {
    return new PromptTuningConfig(virtual, start, initText, tokenizer, other);
  }

  /** A builder of a {@link PromptTuningConfig}. */
  public static final class Builder extends PromptBuilder<Builder> {
    private PromptStart start = PromptStart.RANDOM;
    private String initText = "";
    private String tokenizer = "";

    private Builder() {}

    /** Sets what virtual tokens start from. */
    public Builder start(PromptStart value) {
      start = value;
      return this;
    }

    /** Sets the text that they start from, with {@link PromptStart#TEXT}. */
    public Builder initText(String value) {
      initText = value;
      return this;
    }

    /**
     * Sets the tokenizer of that text: a folder, or a name in the local cache of the Hub; empty for
     * that of the base model.
     */
    public Builder tokenizer(String value) {
      tokenizer = value;
      return this;
    }

    @Override
    public PromptTuningConfig build() {
      return new PromptTuningConfig(virtual(), start, initText, tokenizer, common());
    }
  }
}
