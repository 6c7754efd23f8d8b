package dev.peft4j.tuner.prefixtuning;

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
 * The request for a subclass of the annotated model with learned keys and values in front of those
 * of each layer: {@code @PrefixTuning(virtualTokens = 8)} on a subclass of a language model. The
 * members mean what the fields of peft's {@code PrefixTuningConfig} mean; what is computed is in
 * {@link PrefixTuningTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(PrefixTuning.List.class)
@TunerDescriptor(peftType = PrefixTuningTuner.PEFT_TYPE, config = PrefixTuningConfig.class)
public @interface PrefixTuning {
  /** The number of virtual tokens. */
  @Setting(
      description = "Number of virtual tokens in front of a text.",
      key = "num_virtual_tokens",
      min = 1)
  int virtualTokens() default 20;

  /** Whether keys and values are computed from smaller embeddings in training. */
  @Setting(
      description = "Whether keys and values are computed from smaller embeddings in training.",
      key = "prefix_projection")
  boolean projection() default false;

  /** The width between the two layers that compute them; 0 for that of a token. */
  @Setting(
      description = "Width between the layers of the projection; 0 for that of the keys.",
      min = 0,
      option = "encoder-size")
  int encoderHiddenSize() default 0;

  /** Whether keys and values start as zeros; else as random numbers. */
  @Setting(
      description = "Whether keys and values start as zeros.",
      key = "init_weights",
      option = "zero-start")
  boolean zeroStart() default false;

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
    PrefixTuning[] value();
  }
}
