package dev.peft4j.tuner.multitaskprompttuning;

import dev.peft4j.annotation.Peft;
import dev.peft4j.annotation.Setting;
import dev.peft4j.annotation.TunerDescriptor;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The request for a subclass of the annotated model with virtual tokens that tasks share, each with
 * a change of its own: {@code @MultitaskPromptTuning(tasks = 3)}. The members mean what the fields
 * of peft's {@code MultitaskPromptTuningConfig} mean; what is computed is in {@link
 * MultitaskPromptTuningTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(MultitaskPromptTuning.List.class)
@TunerDescriptor(
    peftType = MultitaskPromptTuningTuner.PEFT_TYPE,
    config = MultitaskPromptTuningConfig.class)
public @interface MultitaskPromptTuning {
  /** The number of virtual tokens. */
  @Setting(
      description = "Number of virtual tokens in front of a text.",
      key = "num_virtual_tokens",
      min = 1)
  int virtualTokens() default 20;

  /** The number of tasks; each call says which task its rows belong to. */
  @Setting(description = "Number of tasks.", key = "num_tasks", min = 1)
  int tasks() default 1;

  /** The rank of a task's change. */
  @Setting(
      description = "Rank of a task's change of the virtual tokens.",
      key = "num_ranks",
      min = 1)
  int ranks() default 1;

  /** What virtual tokens and changes start from. */
  @Setting(description = "What virtual tokens start from.", key = "prompt_tuning_init")
  MultitaskStart start() default MultitaskStart.RANDOM;

  /** The text of {@link MultitaskStart#TEXT}. */
  @Setting(
      description = "Text that virtual tokens start from.",
      key = "prompt_tuning_init_text",
      goesWith = "start=TEXT")
  String initText() default "";

  /** The tokenizer of that text: a folder, or a name in the local cache of the Hub. */
  @Setting(
      description = "Tokenizer of the text that virtual tokens start from.",
      key = "tokenizer_name_or_path",
      option = "init-tokenizer")
  String tokenizer() default "";

  /** A safetensors file of an adapter of source tasks, for the starts that need one. */
  @Setting(
      description = "Safetensors file of an adapter of source tasks.",
      key = "prompt_tuning_init_state_dict_path")
  String source() default "";

  /** The task of it that {@link MultitaskStart#EXACT_SOURCE_TASK} takes. */
  @Setting(
      description = "Task of the source that exact_source_task takes.",
      key = "prompt_tuning_init_task",
      min = 0)
  int sourceTask() default 0;

  /** Modules that are trained whole; see {@link Peft#modulesToSave()}. */
  String[] modulesToSave() default {};

  /** The adapter's name. */
  String adapter() default "default";

  /** What the model is for; see {@link Peft#taskType()}. */
  String taskType() default "";

  /** The simple name of the generated class; see {@link Peft#className()}. */
  String className() default "";

  /** Several adapters on one model; the compiler writes it. */
  @Documented
  @Retention(RetentionPolicy.CLASS)
  @Target(ElementType.TYPE)
  @interface List {
    /** The adapters, in the order written. */
    MultitaskPromptTuning[] value();
  }
}
