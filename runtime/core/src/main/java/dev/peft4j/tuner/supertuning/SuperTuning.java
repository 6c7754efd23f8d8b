package dev.peft4j.tuner.supertuning;

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
 * The request for a subclass of the annotated model that carries a SuperTuning adapter, as {@link
 * Peft} does for LoRA: {@code @SuperTuning(target = "fc1", sparsity = 0.9)}. The members mean what
 * the fields of peft's {@code SupertuningConfig} mean and have its defaults; what is computed is in
 * {@link SuperTuningTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(SuperTuning.List.class)
@TunerDescriptor(
    peftType = SuperTuningTuner.PEFT_TYPE,
    config = SuperTuningConfig.class,
    layers = Linear.class)
public @interface SuperTuning {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** The share of the weights that are not trained. */
  @Setting(description = "Share of the weights that are not trained.", min = 0, below = 1)
  double sparsity() default 0.99;

  /** Whether the largest weights are trained; else the smallest. */
  @Setting(description = "Trains the largest weights; else the smallest.")
  boolean selectTop() default true;

  /** The rank of a low-rank part besides them; 0 for none. */
  @Setting(description = "Rank of a low-rank part besides them, or 0.", option = "rank", min = 0)
  int r() default 0;

  /** The numerator of the low-rank part's scale alpha / r; 0 for 2r. */
  @Setting(
      description = "Scale of the low-rank part: alpha / rank; 0 for 2.",
      key = "lora_alpha",
      min = 0)
  double alpha() default 0;

  /**
   * The probability with which an element of the layer's input is dropped in training, in front of
   * the low-rank part.
   */
  @Setting(
      description = "Probability with which an input of the low-rank part is dropped in training.",
      key = "lora_dropout",
      min = 0,
      below = 1)
  double dropout() default 0;

  /** Whether the adapter starts as zero; else its weights are random. */
  @Setting(description = "Starts as the base model; false makes all weights random.")
  boolean initWeights() default true;

  /**
   * Whether the places of the trained weights are saved; else they are found again from the base
   * model.
   */
  @Setting(
      description = "Saves the places of the trained weights.",
      key = "save_precomputed_indices")
  boolean saveIndices() default true;

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
    SuperTuning[] value();
  }
}
