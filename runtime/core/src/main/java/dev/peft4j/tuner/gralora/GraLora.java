package dev.peft4j.tuner.gralora;

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
 * The request for a subclass of the annotated model that carries a GraLora adapter, as {@link Peft}
 * does for LoRA: {@code @GraLora(target = "fc1", r = 8, k = 2)}. The members mean what the fields
 * of peft's {@code GraloraConfig} mean and have its defaults; what is computed is in {@link
 * GraLoraTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(GraLora.List.class)
@TunerDescriptor(
    peftType = GraLoraTuner.PEFT_TYPE,
    config = GraLoraConfig.class,
    layers = {Linear.class, TransposedLinear.class})
public @interface GraLora {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** The rank of the blocks together; {@link #k} divides it. */
  @Setting(description = "Rank of the adapter.", option = "rank", min = 1)
  int r() default 32;

  /** The rank of an ordinary low-rank part besides the blocks; 0 for none. */
  @Setting(description = "Rank of an ordinary low-rank part besides the blocks.", min = 0)
  int hybridR() default 0;

  /** The numerator of the scale: what the adapter adds is multiplied by alpha / (r + hybridR). */
  @Setting(
      description = "Scale of the adapter: it is multiplied by alpha / (rank + hybrid rank).",
      above = 0)
  double alpha() default 64;

  /** The number of blocks along each side; divides rank, inputs and outputs. */
  @Setting(
      description = "Number of blocks along each side.",
      key = "gralora_k",
      option = "blocks",
      min = 1)
  int k() default 2;

  /**
   * The probability with which an element of the layer's input is dropped in training, in front of
   * the adapter.
   */
  @Setting(
      description = "Probability with which an input of the adapter is dropped in training.",
      key = "gralora_dropout",
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
    GraLora[] value();
  }
}
