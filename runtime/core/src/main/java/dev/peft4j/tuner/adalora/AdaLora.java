package dev.peft4j.tuner.adalora;

import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Peft;
import dev.peft4j.annotation.Setting;
import dev.peft4j.annotation.TunerDescriptor;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.TransposedLinear;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The request for a subclass of the annotated model that carries an AdaLora adapter, as {@link
 * Peft} does for LoRA: {@code @AdaLora(target = "fc1", totalStep = 1000)}. The members mean what
 * the fields of peft's {@code AdaLoraConfig} mean and have its defaults; what is computed is in
 * {@link AdaLoraTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(AdaLora.List.class)
@TunerDescriptor(
    peftType = AdaLoraTuner.PEFT_TYPE,
    config = AdaLoraConfig.class,
    layers = {Linear.class, TransposedLinear.class, Conv2d.class})
public @interface AdaLora {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** Layers that get none; see {@link Peft#exclude()}. */
  String[] exclude() default {};

  /** The same as a regular expression; see {@link Peft#excludeRegex()}. */
  String excludeRegex() default "";

  /** The rank of each layer at the start. */
  @Setting(description = "Rank of each layer at the start.", min = 1)
  int initR() default 12;

  /** The mean rank of the layers at the end. */
  @Setting(description = "Mean rank of the layers at the end.", min = 0)
  int targetR() default 8;

  /** The numerator of the scale: what the adapter adds is multiplied by alpha / initR. */
  @Setting(
      description = "Scale of the adapter: it is multiplied by alpha / initial rank.",
      key = "lora_alpha",
      above = 0)
  double alpha() default 8;

  /**
   * The probability with which an element of the layer's input is dropped in training, in front of
   * the adapter.
   */
  @Setting(
      description = "Probability with which an input of the adapter is dropped in training.",
      key = "lora_dropout",
      min = 0,
      below = 1)
  double dropout() default 0;

  /** The number of steps of the whole training, which the schedule depends on. */
  @Setting(description = "Number of steps of the whole training.", min = 1)
  int totalStep();

  /** The number of steps before ranks are taken away. */
  @Setting(description = "Number of steps before ranks are taken away.", min = 0)
  int tinit() default 0;

  /** The number of steps at the end with the ranks as they are. */
  @Setting(description = "Number of steps at the end with the ranks as they are.", min = 0)
  int tfinal() default 0;

  /** The number of steps from one allocation of ranks to the next. */
  @Setting(
      description = "Number of steps from one allocation of ranks to the next.",
      key = "deltaT",
      option = "delta-t",
      min = 1)
  int deltaT() default 1;

  /** The share of the old in the running mean of importance. */
  @Setting(
      description = "Share of the old in the running mean of importance.",
      above = 0,
      below = 1)
  double beta1() default 0.85;

  /** The share of the old in the running mean of uncertainty. */
  @Setting(
      description = "Share of the old in the running mean of uncertainty.",
      above = 0,
      below = 1)
  double beta2() default 0.85;

  /** The weight of the part of the loss that keeps the factors orthogonal. */
  @Setting(
      description = "Weight of the part of the loss that keeps the factors orthogonal.",
      min = 0)
  double orthRegWeight() default 0.5;

  /**
   * Whether the factors start small; else at N(0, 1), so that the adapter changes the model at
   * once.
   */
  @Setting(
      description = "Starts as the base model; false makes all weights random.",
      key = "init_lora_weights")
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
    AdaLora[] value();
  }
}
