package dev.peft4j.tuner.loha;

import dev.peft4j.annotation.AlphaPattern;
import dev.peft4j.annotation.Peft;
import dev.peft4j.annotation.RankPattern;
import dev.peft4j.annotation.Setting;
import dev.peft4j.annotation.TunerDescriptor;
import dev.peft4j.nn.Conv1d;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Linear;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The request for a subclass of the annotated model that carries a LoHa adapter, as {@link Peft}
 * does for LoRA: {@code @LoHa(target = "fc1", r = 4, alpha = 8)}. The members mean what the fields
 * of peft's {@code LoHaConfig} mean and have its defaults; what is computed is in {@link
 * LoHaTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(LoHa.List.class)
@TunerDescriptor(
    peftType = LoHaTuner.PEFT_TYPE,
    config = LoHaConfig.class,
    layers = {Linear.class, Conv1d.class, Conv2d.class})
public @interface LoHa {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** Layers that get none; see {@link Peft#exclude()}. */
  String[] exclude() default {};

  /** The same as a regular expression; see {@link Peft#excludeRegex()}. */
  String excludeRegex() default "";

  /** The rank of each of the two products. */
  @Setting(description = "Rank of the adapter.", min = 1, option = "rank")
  int r() default 8;

  /** The scale: what the adapter adds is multiplied by alpha / r. */
  @Setting(description = "Scale of the adapter: it is multiplied by alpha / rank.", above = 0)
  double alpha() default 8;

  /** The probability with which an output of the adapter is dropped in training. */
  @Setting(
      description = "Probability with which an output of the adapter is dropped in training.",
      min = 0,
      below = 1)
  double rankDropout() default 0;

  /** The probability with which a whole adapter is left out of a training step. */
  @Setting(
      description = "Probability with which a layer's adapter is left out in training.",
      min = 0,
      max = 1)
  double moduleDropout() default 0;

  /**
   * Whether kernels of convolutions are decomposed along their channels (proposition 3 of FedPara),
   * which takes fewer parameters; peft's {@code use_effective_conv2d}. It is for one-dimensional
   * ones, too; of kernels of size 1 it changes nothing.
   */
  @Setting(
      description = "Decomposes kernels of convolutions along their channels: fewer parameters.")
  boolean useEffectiveConv2d() default false;

  /** Whether the adapter starts as zero; else all its factors are random. */
  @Setting(description = "Starts as zero; false makes all factors random.")
  boolean initWeights() default true;

  /** Modules that are trained in full; see {@link Peft#modulesToSave()}. */
  String[] modulesToSave() default {};

  /** Ranks of some of the layers; the first that fits a layer counts. */
  @Setting(description = "Ranks of some of the layers.")
  RankPattern[] rankPattern() default {};

  /** Alphas of some of the layers; the first that fits a layer counts. */
  @Setting(description = "Alphas of some of the layers.")
  AlphaPattern[] alphaPattern() default {};

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
    LoHa[] value();
  }
}
