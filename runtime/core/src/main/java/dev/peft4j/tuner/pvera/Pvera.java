package dev.peft4j.tuner.pvera;

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
 * The request for a subclass of the annotated model that carries a Pvera adapter, as {@link Peft}
 * does for LoRA: {@code @Pvera(target = "fc1", r = 64)}. The members mean what the fields of peft's
 * {@code PveraConfig} mean and have its defaults; what is computed is in {@link PveraTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Pvera.List.class)
@TunerDescriptor(
    peftType = PveraTuner.PEFT_TYPE,
    title = "PVeRA",
    config = PveraConfig.class,
    layers = {Linear.class, TransposedLinear.class})
public @interface Pvera {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** The number of hidden values; A has two rows for each. */
  @Setting(description = "Rank of the adapter.", option = "rank", min = 1)
  int r() default 256;

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

  /**
   * The probability with which an element of the layer's input is dropped in training, in front of
   * the adapter.
   */
  @Setting(
      description = "Probability with which an input of the adapter is dropped in training.",
      key = "pvera_dropout",
      min = 0,
      below = 1)
  double dropout() default 0;

  /** The number that the vector in the middle starts with. */
  @Setting(description = "What the vector in the middle starts with.")
  double dInitial() default 0.1;

  /**
   * Whether the adapter starts as zero; else the outer vector is ones and the middle one random.
   */
  @Setting(description = "Starts as the base model; false makes all weights random.")
  boolean initWeights() default true;

  /** Whether hidden values are drawn in evaluation, too; else it takes their mean. */
  @Setting(description = "Draws hidden values in evaluation, too.")
  boolean sampleAtInference() default false;

  /**
   * The seed of each layer's generator, which draws as torch's does; -1 for the model's own
   * generators.
   */
  @Setting(description = "Seed of each layer's generator, or -1 for the model's own.", min = -1)
  int generatorSeed() default -1;

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
    Pvera[] value();
  }
}
