package dev.peft4j.tuner.randlora;

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
 * The request for a subclass of the annotated model that carries a RandLora adapter, as {@link
 * Peft} does for LoRA: {@code @RandLora(target = "fc1", r = 8)}. The members mean what the fields
 * of peft's {@code RandLoraConfig} mean and have its defaults; what is computed is in {@link
 * RandLoraTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(RandLora.List.class)
@TunerDescriptor(
    peftType = RandLoraTuner.PEFT_TYPE,
    title = "RandLoRA",
    config = RandLoraConfig.class,
    layers = {Linear.class, TransposedLinear.class})
public @interface RandLora {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** The rank of each random matrix; a smaller one means more of them, and more to train. */
  @Setting(description = "Rank of the adapter.", option = "rank", min = 1)
  int r() default 32;

  /** The numerator of the scale: what the adapter adds is multiplied by alpha / r. */
  @Setting(
      description = "Scale of the adapter: it is multiplied by alpha / rank.",
      key = "randlora_alpha",
      above = 0)
  double alpha() default 640;

  /**
   * The seed of the frozen matrices, which are drawn as torch draws them; peft's {@code
   * projection_prng_key}.
   */
  @Setting(description = "Seed of the frozen matrices.", key = "projection_prng_key", min = 0)
  int projectionSeed() default 0;

  /**
   * Whether the shared matrices are in the file; else they are drawn again from the seed when it is
   * loaded.
   */
  @Setting(description = "Saves the shared matrices; else the seed stands for them.")
  boolean saveProjection() default true;

  /** Whether the random matrices hold only -1, 0 and 1, two thirds of it zeros. */
  @Setting(description = "Random matrices of -1, 0 and 1.")
  boolean sparse() default false;

  /**
   * The same with far more zeros: the share of the others is one over the root of the smaller size.
   */
  @Setting(description = "Random matrices of -1, 0 and 1 with far more zeros.")
  boolean verySparse() default false;

  /**
   * The probability with which an element of the layer's input is dropped in training, in front of
   * the adapter.
   */
  @Setting(
      description = "Probability with which an input of the adapter is dropped in training.",
      key = "randlora_dropout",
      min = 0,
      below = 1)
  double dropout() default 0;

  /** Whether the adapter starts as zero; else its weights are random. */
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
    RandLora[] value();
  }
}
