package dev.peft4j.tuner.prompttuning;

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
 * The request for a subclass of the annotated model with virtual tokens in front of its texts:
 * {@code @PromptTuning(virtualTokens = 8)} on a subclass of a language model. The members mean what
 * the fields of peft's {@code PromptTuningConfig} mean; what is computed is in {@link
 * PromptTuningTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(PromptTuning.List.class)
@TunerDescriptor(peftType = PromptTuningTuner.PEFT_TYPE, config = PromptTuningConfig.class)
public @interface PromptTuning {
  /** The number of virtual tokens. */
  @Setting(
      description = "Number of virtual tokens in front of a text.",
      key = "num_virtual_tokens",
      min = 1)
  int virtualTokens() default 20;

  /** What they start from. */
  @Setting(
      description = "What virtual tokens start from.",
      key = "prompt_tuning_init",
      option = "start")
  PromptStart start() default PromptStart.RANDOM;

  /** The text of {@link PromptStart#TEXT}. */
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
    PromptTuning[] value();
  }
}
