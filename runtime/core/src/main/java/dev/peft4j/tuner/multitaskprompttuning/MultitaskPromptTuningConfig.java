package dev.peft4j.tuner.multitaskprompttuning;

import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.SettingChecks;
import dev.peft4j.tuner.prompt.PromptBuilder;
import dev.peft4j.tuner.prompt.PromptConfig;
import dev.peft4j.tuner.prompt.VirtualTokens;

/**
 * Settings of {@link MultitaskPromptTuningTuner}: peft's {@code MultitaskPromptTuningConfig}.
 *
 * @param virtual how many virtual tokens there are, and their sizes
 * @param tasks the number of tasks; each call says which task its rows belong to
 * @param ranks the rank of a task's change
 * @param start what virtual tokens and changes start from
 * @param initText the text of {@link MultitaskStart#TEXT}; else empty
 * @param tokenizer the tokenizer of that text; empty for that of the base model
 * @param source a safetensors file of an adapter of source tasks; else empty
 * @param sourceTask the task of it that {@link MultitaskStart#EXACT_SOURCE_TASK} takes
 * @param common modules to save, task and base model
 */
public record MultitaskPromptTuningConfig(
    VirtualTokens virtual,
    int tasks,
    int ranks,
    MultitaskStart start,
    String initText,
    String tokenizer,
    String source,
    int sourceTask,
    CommonSettings common)
    implements PromptConfig<MultitaskPromptTuningConfig> {
  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public MultitaskPromptTuningConfig {
    SettingChecks.atLeast("tasks", tasks, 1);
    SettingChecks.atLeast("ranks", ranks, 1);
    SettingChecks.atLeast("sourceTask", sourceTask, 0);
  }

  /** Starts with peft's defaults. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return MultitaskPromptTuningTuner.PEFT_TYPE;
  }

  @Override
  public MultitaskPromptTuningConfig withVirtual(VirtualTokens other) {
    return new MultitaskPromptTuningConfig(
        other, tasks, ranks, start, initText, tokenizer, source, sourceTask, common);
  }

  @Override
  public MultitaskPromptTuningConfig withCommon(CommonSettings other) {
    return new MultitaskPromptTuningConfig(
        virtual, tasks, ranks, start, initText, tokenizer, source, sourceTask, other);
  }

  /** A builder of a {@link MultitaskPromptTuningConfig}. */
  public static final class Builder extends PromptBuilder<Builder> {
    private int tasks = 1;
    private int ranks = 1;
    private MultitaskStart start = MultitaskStart.RANDOM;
    private String initText = "";
    private String tokenizer = "";
    private String source = "";
    private int sourceTask = 0;

    private Builder() {}

    /** Sets the number of tasks; each call says which task its rows belong to. */
    public Builder tasks(int value) {
      tasks = value;
      return this;
    }

    /** Sets the rank of a task's change. */
    public Builder ranks(int value) {
      ranks = value;
      return this;
    }

    /** Sets what virtual tokens and changes start from. */
    public Builder start(MultitaskStart value) {
      start = value;
      return this;
    }

    /** Sets the text of {@link MultitaskStart#TEXT}; else empty. */
    public Builder initText(String value) {
      initText = value;
      return this;
    }

    /** Sets the tokenizer of that text; empty for that of the base model. */
    public Builder tokenizer(String value) {
      tokenizer = value;
      return this;
    }

    /** Sets a safetensors file of an adapter of source tasks; else empty. */
    public Builder source(String value) {
      source = value;
      return this;
    }

    /** Sets the task of it that {@link MultitaskStart#EXACT_SOURCE_TASK} takes. */
    public Builder sourceTask(int value) {
      sourceTask = value;
      return this;
    }

    @Override
    public MultitaskPromptTuningConfig build() {
      return new MultitaskPromptTuningConfig(
          virtual(), tasks, ranks, start, initText, tokenizer, source, sourceTask, common());
    }
  }
}
