package dev.peft4j.tuner.tinylora;

import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Peft;
import dev.peft4j.annotation.Setting;
import dev.peft4j.annotation.TunerDescriptor;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.TransposedLinear;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The request for a subclass of the annotated model that carries a TinyLora adapter, as {@link
 * Peft} does for LoRA: {@code @TinyLora(target = "fc1", u = 16)}. The members mean what the fields
 * of peft's {@code TinyLoraConfig} mean and have its defaults; what is computed is in {@link
 * TinyLoraTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(TinyLora.List.class)
@TunerDescriptor(
    peftType = TinyLoraTuner.PEFT_TYPE,
    title = "TinyLoRA",
    config = TinyLoraConfig.class,
    layers = {Linear.class, TransposedLinear.class, Embedding.class})
public @interface TinyLora {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** The number of singular vectors. */
  @Setting(description = "Rank of the adapter.", option = "rank", min = 1)
  int r() default 2;

  /** The number of trained numbers of a group of layers. */
  @Setting(description = "Number of trained numbers of a group of layers.", min = 1)
  int u() default 64;

  /** How far layers share their numbers: 0 not at all, 1 all of them. */
  @Setting(description = "How far layers share their numbers, from 0 to 1.", min = 0, max = 1)
  double weightTying() default 0;

  /** The seed of the frozen matrices, which are drawn as torch draws them. */
  @Setting(description = "Seed of the frozen matrices.", min = 0)
  int projectionSeed() default 42;

  /**
   * Whether the random matrices are in the file; else they are drawn again from the seed when it is
   * loaded.
   */
  @Setting(description = "Saves the random matrices; else the seed stands for them.")
  boolean saveProjection() default true;

  /**
   * The probability with which an element of the layer's input is dropped in training, in front of
   * the adapter.
   */
  @Setting(
      description = "Probability with which an input of the adapter is dropped in training.",
      key = "tinylora_dropout",
      min = 0,
      below = 1)
  double dropout() default 0;

  /** The bound with {@link TinyLoraStart#UNIFORM}. */
  @Setting(description = "Bound of a uniform start.", key = "init_v_bound", min = 0)
  double bound() default 0.02;

  /** What the vector starts from. */
  @Setting(description = "What the vector starts from.", key = "init_weights", option = "start")
  TinyLoraStart start() default TinyLoraStart.ZERO;

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
    TinyLora[] value();
  }
}
