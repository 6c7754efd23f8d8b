package dev.peft4j.tuner.frod;

import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Peft;
import dev.peft4j.annotation.Setting;
import dev.peft4j.annotation.TunerDescriptor;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.TransposedLinear;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The request for a subclass of the annotated model that carries a Frod adapter, as {@link Peft}
 * does for LoRA: {@code @Frod(target = "fc1")}. The members mean what the fields of peft's {@code
 * FrodConfig} mean and have its defaults; what is computed is in {@link FrodTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Frod.List.class)
@TunerDescriptor(
    peftType = FrodTuner.PEFT_TYPE,
    title = "FRoD",
    config = FrodConfig.class,
    layers = {Linear.class, TransposedLinear.class})
public @interface Frod {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /**
   * The seed of the frozen matrices, which are drawn as torch draws them; peft's {@code
   * projection_prng_key}.
   */
  @Setting(description = "Seed of the frozen matrices.", key = "projection_prng_key", min = 0)
  int projectionSeed() default 0;

  /**
   * Whether the shared bases are in the file; else they are drawn again from the seed when it is
   * loaded.
   */
  @Setting(description = "Saves the shared bases; else the seed stands for them.")
  boolean saveProjection() default true;

  /**
   * The probability with which an element of the layer's input is dropped in training, in front of
   * the adapter.
   */
  @Setting(
      description = "Probability with which an input of the adapter is dropped in training.",
      key = "frod_dropout",
      min = 0,
      below = 1)
  double dropout() default 0;

  /** The share of the numbers off the diagonal that are trained. */
  @Setting(
      description = "Share of the numbers off the diagonal that are trained.",
      min = 0,
      max = 1)
  double sparseRate() default 0.01;

  /**
   * A number that keeps the shared basis of similar layers stable; peft's {@code
   * regularization_alpha}.
   */
  @Setting(
      description = "Number that keeps the shared basis stable.",
      key = "regularization_alpha",
      above = 0)
  double regularization() default 0.001;

  /** Whether the adapter starts as the base model; else it is changed at random. */
  @Setting(description = "Starts as the base model; false makes all weights random.")
  boolean initWeights() default true;

  /** Which biases of the base model are trained; see {@link Peft#bias()}. */
  @Setting(description = "Biases of the base model that are trained.")
  Bias bias() default Bias.NONE;

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
    Frod[] value();
  }
}
