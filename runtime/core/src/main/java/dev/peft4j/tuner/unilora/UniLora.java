package dev.peft4j.tuner.unilora;

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
 * The request for a subclass of the annotated model that carries an UniLora adapter, as {@link
 * Peft} does for LoRA: {@code @UniLora(target = "fc1", thetaLength = 64)}. The members mean what
 * the fields of peft's {@code UniLoraConfig} mean and have its defaults; what is computed is in
 * {@link UniLoraTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(UniLora.List.class)
@TunerDescriptor(
    peftType = UniLoraTuner.PEFT_TYPE,
    title = "Uni-LoRA",
    config = UniLoraConfig.class,
    layers = {Linear.class, TransposedLinear.class})
public @interface UniLora {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** The rank. */
  @Setting(description = "Rank of the adapter.", option = "rank", min = 1)
  int r() default 4;

  /** The length of the vector that is trained. */
  @Setting(description = "Length of the vector that is trained.", key = "theta_d_length", min = 1)
  int thetaLength() default 256;

  /**
   * The seed by which places take numbers of the vector, drawn as NumPy draws; peft's {@code
   * proj_seed}.
   */
  @Setting(
      description = "Seed by which places take numbers of the vector.",
      key = "proj_seed",
      min = 0)
  int seed() default 42;

  /** Whether the file says which number each place takes; else the seed stands for it. */
  @Setting(description = "Saves which number each place takes.")
  boolean saveIndices() default false;

  /**
   * The probability with which an element of the layer's input is dropped in training, in front of
   * the adapter.
   */
  @Setting(
      description = "Probability with which an input of the adapter is dropped in training.",
      key = "unilora_dropout",
      min = 0,
      below = 1)
  double dropout() default 0;

  /** The vector starts uniform in ± this. */
  @Setting(
      description = "Bound of the numbers that the vector starts with.",
      key = "init_theta_d_bound",
      min = 0)
  double thetaBound() default 0.02;

  /** Whether the vector starts within its bound; else with N(0, 1). */
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
    UniLora[] value();
  }
}
