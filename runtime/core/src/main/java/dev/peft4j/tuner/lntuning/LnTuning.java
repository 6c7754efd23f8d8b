package dev.peft4j.tuner.lntuning;

import dev.peft4j.annotation.Peft;
import dev.peft4j.annotation.TunerDescriptor;
import dev.peft4j.nn.Conv1d;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.LayerNorm;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.RmsNorm;
import dev.peft4j.nn.TransposedLinear;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The request for a subclass of the annotated model that carries a LnTuning adapter, as {@link
 * Peft} does for LoRA: {@code @LnTuning(target = "norm")}. The members mean what the fields of
 * peft's {@code LNTuningConfig} mean and have its defaults; what is computed is in {@link
 * LnTuningTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(LnTuning.List.class)
@TunerDescriptor(
    peftType = LnTuningTuner.PEFT_TYPE,
    title = "LN tuning",
    config = LnTuningConfig.class,
    layers = {
      LayerNorm.class,
      RmsNorm.class,
      Linear.class,
      TransposedLinear.class,
      Embedding.class,
      Conv1d.class,
      Conv2d.class
    })
public @interface LnTuning {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** Layers that get none; see {@link Peft#exclude()}. */
  String[] exclude() default {};

  /** The same as a regular expression; see {@link Peft#excludeRegex()}. */
  String excludeRegex() default "";

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
    LnTuning[] value();
  }
}
