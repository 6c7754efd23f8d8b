package dev.peft4j.tuner.osf;

import dev.peft4j.annotation.AlphaPattern;
import dev.peft4j.annotation.Peft;
import dev.peft4j.annotation.Setting;
import dev.peft4j.annotation.TunerDescriptor;
import dev.peft4j.nn.Linear;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The request for a subclass of the annotated model that carries an Osf adapter, as {@link Peft}
 * does for LoRA: {@code @Osf(target = "fc1", effectiveRank = 12)}. The members mean what the fields
 * of peft's {@code OSFConfig} mean and have its defaults; what is computed is in {@link OsfTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Osf.List.class)
@TunerDescriptor(
    peftType = OsfTuner.PEFT_TYPE,
    title = "OSF",
    config = OsfConfig.class,
    layers = Linear.class)
public @interface Osf {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /**
   * The number of singular values that stay as they are, or, below 1, their share; 0 for half of
   * them, -1 for all.
   */
  @Setting(
      description =
          "Number of singular values that stay, or their share below 1; 0 for half of them, -1 for"
              + " all.")
  double effectiveRank() default 0;

  /** Whether the adapter starts as zero; else its weights are random. */
  @Setting(description = "Starts as the base model; false makes all weights random.")
  boolean initWeights() default true;

  /**
   * Effective ranks of some of the layers; the first whose expression is found in a layer's path
   * counts.
   */
  @Setting(description = "Effective ranks of some of the layers.")
  AlphaPattern[] rankPattern() default {};

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
    Osf[] value();
  }
}
