package dev.peft4j.tuner.lokr;

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
 * The request for a subclass of the annotated model that carries a LoKr adapter, as {@link Peft}
 * does for LoRA: {@code @LoKr(target = "fc1", r = 4)}. The members mean what the fields of peft's
 * {@code LoKrConfig} mean and have its defaults; what is computed is in {@link LoKrTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(LoKr.List.class)
@TunerDescriptor(
    peftType = LoKrTuner.PEFT_TYPE,
    config = LoKrConfig.class,
    layers = {Linear.class, Conv1d.class, Conv2d.class})
public @interface LoKr {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** Layers that get none; see {@link Peft#exclude()}. */
  String[] exclude() default {};

  /** The same as a regular expression; see {@link Peft#excludeRegex()}. */
  String excludeRegex() default "";

  /** The rank of a factor that is decomposed. */
  @Setting(description = "Rank of the adapter.", option = "rank", min = 1)
  int r() default 8;

  /** The numerator of the scale: what the adapter adds is multiplied by alpha / r. */
  @Setting(description = "Scale of the adapter: it is multiplied by alpha / rank.", above = 0)
  double alpha() default 8;

  /** The probability with which an output of the adapter is dropped in training. */
  @Setting(
      description = "Probability with which an output of the adapter is dropped in training.",
      min = 0,
      below = 1)
  double rankDropout() default 0;

  /** Whether the outputs that stay grow by the share of those that are dropped. */
  @Setting(description = "Outputs that stay grow by the share of those that are dropped.")
  boolean rankDropoutScale() default false;

  /** The probability with which a whole adapter is left out of a training step. */
  @Setting(
      description = "Probability with which a layer's adapter is left out in training.",
      min = 0,
      max = 1)
  double moduleDropout() default 0;

  /**
   * Whether kernels of convolutions are decomposed along their channels; peft's {@code
   * use_effective_conv2d}. Of kernels of size 1 it changes nothing.
   */
  @Setting(
      description = "Decomposes kernels of convolutions along their channels: fewer parameters.")
  boolean useEffectiveConv2d() default false;

  /**
   * Whether the left factor is decomposed, too, where the rank is less than half of its larger
   * size.
   */
  @Setting(description = "Decomposes the left factor, too.")
  boolean decomposeBoth() default false;

  /**
   * The size of the left factor if it divides the layer's, else the largest it may have; -1 for no
   * limit.
   */
  @Setting(description = "Size of the left factor, or -1 for the most square factors.", min = -1)
  int decomposeFactor() default -1;

  /** What the adapter starts from. */
  @Setting(description = "What the adapter starts from.", key = "init_weights", option = "start")
  LoKrStart start() default LoKrStart.DEFAULT;

  /** Ranks of some of the layers; the first that fits a layer counts. */
  @Setting(description = "Ranks of some of the layers.")
  RankPattern[] rankPattern() default {};

  /** Alphas of some of the layers; the first that fits a layer counts. */
  @Setting(description = "Alphas of some of the layers.")
  AlphaPattern[] alphaPattern() default {};

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
    LoKr[] value();
  }
}
