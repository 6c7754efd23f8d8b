package dev.peft4j.tuner.miss;

import dev.peft4j.annotation.Bias;
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
 * The request for a subclass of the annotated model that carries a Miss adapter, as {@link Peft}
 * does for LoRA: {@code @Miss(target = "fc1", r = 8)}. The members mean what the fields of peft's
 * {@code MissConfig} mean and have its defaults; what is computed is in {@link MissTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Miss.List.class)
@TunerDescriptor(peftType = MissTuner.PEFT_TYPE, config = MissConfig.class, layers = Linear.class)
public @interface Miss {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** Layers that get none; see {@link Peft#exclude()}. */
  String[] exclude() default {};

  /** The same as a regular expression; see {@link Peft#excludeRegex()}. */
  String excludeRegex() default "";

  /** The size of the shards that the input is cut into. */
  @Setting(description = "Rank of the adapter.", option = "rank", min = 1)
  int r() default 64;

  /**
   * The probability with which an element of the layer's input is dropped in training, in front of
   * the adapter.
   */
  @Setting(
      description = "Probability with which an input of the adapter is dropped in training.",
      key = "miss_dropout",
      min = 0,
      below = 1)
  double dropout() default 0;

  /** The number of columns of the matrix with {@link MissStart#MINI}; divides the outputs. */
  @Setting(description = "Number of columns of the matrix with the start mini.", min = 1)
  int miniR() default 1;

  /** What the adapter is and starts from. */
  @Setting(
      description = "What the adapter is and starts from.",
      key = "init_weights",
      option = "start")
  MissStart start() default MissStart.DEFAULT;

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
    Miss[] value();
  }
}
