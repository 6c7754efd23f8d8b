package dev.peft4j.tuner.vblora;

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
 * The request for a subclass of the annotated model that carries a VbLora adapter, as {@link Peft}
 * does for LoRA: {@code @VbLora(target = "fc1", vectorLength = 16)}. The members mean what the
 * fields of peft's {@code VBLoRAConfig} mean and have its defaults; what is computed is in {@link
 * VbLoraTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(VbLora.List.class)
@TunerDescriptor(
    peftType = VbLoraTuner.PEFT_TYPE,
    title = "VB-LoRA",
    config = VbLoraConfig.class,
    layers = {Linear.class, TransposedLinear.class})
public @interface VbLora {
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
  int r() default 4;

  /** The number of vectors in the bank. */
  @Setting(description = "Number of vectors in the bank.", key = "num_vectors", min = 1)
  int vectors() default 256;

  /** The length of a vector; divides inputs and outputs of every layer. */
  @Setting(description = "Length of a vector.", min = 1)
  int vectorLength() default 256;

  /** How many vectors of the bank make a part of a matrix. */
  @Setting(description = "How many vectors make a part of a matrix.", min = 1)
  int topk() default 2;

  /**
   * Whether the file holds only the chosen vectors and their weights: it is small, and training
   * cannot go on from it.
   */
  @Setting(description = "Saves only the chosen vectors; training cannot go on from it.")
  boolean saveOnlyTopkWeights() default false;

  /**
   * The probability with which an element of the layer's input is dropped in training, in front of
   * the adapter.
   */
  @Setting(
      description = "Probability with which an input of the adapter is dropped in training.",
      key = "vblora_dropout",
      min = 0,
      below = 1)
  double dropout() default 0;

  /** The bank starts uniform in ± this. */
  @Setting(
      description = "Bound of the numbers that the bank starts with.",
      key = "init_vector_bank_bound",
      min = 0)
  double vectorBankBound() default 0.02;

  /** The standard deviation of the logits that choose vectors, at the start. */
  @Setting(
      description = "Standard deviation of the logits at the start.",
      key = "init_logits_std",
      min = 0)
  double logitsStd() default 0.1;

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
    VbLora[] value();
  }
}
