package dev.peft4j.tuner.deft;

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
 * The request for a subclass of the annotated model that carries a Deft adapter, as {@link Peft}
 * does for LoRA: {@code @Deft(target = "fc1", r = 4)}. The members mean what the fields of peft's
 * {@code DeftConfig} mean and have its defaults; what is computed is in {@link DeftTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Deft.List.class)
@TunerDescriptor(
    peftType = DeftTuner.PEFT_TYPE,
    config = DeftConfig.class,
    layers = {Linear.class, TransposedLinear.class})
public @interface Deft {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** Layers that get none; see {@link Peft#exclude()}. */
  String[] exclude() default {};

  /** The same as a regular expression; see {@link Peft#excludeRegex()}. */
  String excludeRegex() default "";

  /** The number of directions; at most the layer's outputs. */
  @Setting(description = "Rank of the adapter.", option = "rank", min = 1)
  int r() default 8;

  /** How the directions follow from P. */
  @Setting(description = "How the directions follow from P.", key = "decomposition_method")
  DeftMethod method() default DeftMethod.RELU;

  /** The scale of R where it starts random. */
  @Setting(description = "Scale of R where it starts random.", min = 0)
  double initScale() default 1;

  /** The numerator of R's scale alpha / r; 0 for a scale of 1. */
  @Setting(description = "Scale of R: it is multiplied by alpha / rank; 0 for 1.", min = 0)
  int alpha() default 0;

  /** Whether the directions are only taken out, and nothing is put in. */
  @Setting(description = "Only takes directions out.")
  boolean para() default false;

  /**
   * The probability with which an element of the layer's input is dropped in training, in front of
   * the adapter.
   */
  @Setting(
      description = "Probability with which an input of the adapter is dropped in training.",
      key = "deft_dropout",
      min = 0,
      below = 1)
  double dropout() default 0;

  /** Whether R starts as what is taken out, so that the adapter is zero; else it is random. */
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
    Deft[] value();
  }
}
