package dev.peft4j.tuner.lily;

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
 * The request for a subclass of the annotated model that carries a Lily adapter, as {@link Peft}
 * does for LoRA: {@code @Lily(target = "fc1", r = 4)}. The members mean what the fields of peft's
 * {@code LilyConfig} mean and have its defaults; what is computed is in {@link LilyTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Lily.List.class)
@TunerDescriptor(peftType = LilyTuner.PEFT_TYPE, config = LilyConfig.class, layers = Linear.class)
public @interface Lily {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** Layers that get none; see {@link Peft#exclude()}. */
  String[] exclude() default {};

  /** The same as a regular expression; see {@link Peft#excludeRegex()}. */
  String excludeRegex() default "";

  /** The rank. */
  @Setting(description = "Rank of the adapter.", option = "rank", min = 1)
  int r() default 32;

  /** The number of layers in a row that share one A. */
  @Setting(description = "Number of layers in a row that share one A.", key = "stride_A", min = 1)
  int strideA() default 1;

  /** The number of B that all layers of a kind share; peft's {@code num_B}. */
  @Setting(description = "Number of B that all layers of a kind share.", key = "num_B", min = 1)
  int experts() default 2;

  /** A factor of what the adapter adds. */
  @Setting(description = "Factor of what the adapter adds.")
  double scaling() default 1;

  /** Whether the adapter starts as zero; else its weights are random. */
  @Setting(description = "Starts as the base model; false makes all weights random.")
  boolean initWeights() default true;

  /** Modules that are trained whole; see {@link Peft#modulesToSave()}. */
  String[] modulesToSave() default {};

  /** The indices to which the adapter is confined; see {@link Peft#layers()}. */
  int[] layers() default {};

  /** The list that they count in; see {@link Peft#layersPattern()}. */
  String[] layersPattern() default {};

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
    Lily[] value();
  }
}
