package dev.peft4j.tuner.adaptionprompt;

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
 * The request for a subclass of the annotated model whose last layers attend to a learned prompt:
 * {@code @AdaptionPrompt(length = 10, lastLayers = 4)}. The members mean what the fields of peft's
 * {@code AdaptionPromptConfig} mean; what is computed is in {@link AdaptionPromptTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(AdaptionPrompt.List.class)
@TunerDescriptor(peftType = AdaptionPromptTuner.PEFT_TYPE, config = AdaptionPromptConfig.class)
public @interface AdaptionPrompt {
  /** The number of tokens of the prompt. */
  @Setting(
      description = "Number of tokens of the prompt.",
      key = "adapter_len",
      option = "prompt-length",
      min = 1)
  int length() default 10;

  /** The number of layers, from the last one, that have one. */
  @Setting(
      description = "Number of layers, from the last one, that have a prompt.",
      key = "adapter_layers",
      option = "prompt-layers",
      min = 1)
  int lastLayers() default 1;

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
    AdaptionPrompt[] value();
  }
}
