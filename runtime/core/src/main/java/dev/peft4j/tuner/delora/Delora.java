package dev.peft4j.tuner.delora;

import dev.peft4j.annotation.AlphaPattern;
import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Peft;
import dev.peft4j.annotation.RankPattern;
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
 * The request for a subclass of the annotated model that carries a Delora adapter, as {@link Peft}
 * does for LoRA: {@code @Delora(target = "fc1", r = 4)}. The members mean what the fields of peft's
 * {@code DeloraConfig} mean and have its defaults; what is computed is in {@link DeloraTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Delora.List.class)
@TunerDescriptor(
    peftType = DeloraTuner.PEFT_TYPE,
    title = "DeLoRA",
    config = DeloraConfig.class,
    layers = Linear.class)
public @interface Delora {
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
  int r() default 8;

  /** The number that the bound of the norm starts with; peft's {@code delora_lambda}. */
  @Setting(description = "What the bound of the norm starts with.", key = "delora_lambda")
  double lambda() default 15;

  /**
   * The probability with which an element of the layer's input is dropped in training, in front of
   * the adapter.
   */
  @Setting(
      description = "Probability with which an input of the adapter is dropped in training.",
      min = 0,
      below = 1)
  double moduleDropout() default 0;

  /** Whether the adapter starts as zero; else its weights are random. */
  @Setting(description = "Starts as the base model; false makes all weights random.")
  boolean initWeights() default true;

  /** Ranks of some of the layers; the first that fits a layer counts. */
  @Setting(description = "Ranks of some of the layers.")
  RankPattern[] rankPattern() default {};

  /** Bounds of some of the layers; the first that fits a layer counts. */
  @Setting(description = "Bounds of some of the layers.")
  AlphaPattern[] lambdaPattern() default {};

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
    Delora[] value();
  }
}
