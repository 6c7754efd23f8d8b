package dev.peft4j.tuner.peanut;

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
 * The request for a subclass of the annotated model that carries a Peanut adapter, as {@link Peft}
 * does for LoRA: {@code @Peanut(target = "fc1", r = 8)}. The members mean what the fields of peft's
 * {@code PeanutConfig} mean and have its defaults; what is computed is in {@link PeanutTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Peanut.List.class)
@TunerDescriptor(
    peftType = PeanutTuner.PEFT_TYPE,
    config = PeanutConfig.class,
    layers = Linear.class)
public @interface Peanut {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** Layers that get none; see {@link Peft#exclude()}. */
  String[] exclude() default {};

  /** The same as a regular expression; see {@link Peft#excludeRegex()}. */
  String excludeRegex() default "";

  /** The width of the network. */
  @Setting(description = "Rank of the adapter.", option = "rank", min = 1)
  int r() default 32;

  /** The number of hidden pairs of layers, each an encoder and a decoder. */
  @Setting(description = "Number of hidden pairs of layers.", min = 0)
  int depth() default 0;

  /**
   * The activation between layers: {@code relu}, {@code gelu}, {@code gelu_new}, {@code silu},
   * {@code tanh}, {@code sigmoid} and others that transformers names.
   */
  @Setting(description = "Activation between layers.", key = "act_fn")
  String activation() default "relu";

  /** A factor of what the adapter adds. */
  @Setting(description = "Factor of what the adapter adds.")
  double scaling() default 1;

  /** Whether the adapter starts as zero; else its weights are random. */
  @Setting(description = "Starts as the base model; false makes all weights random.")
  boolean initWeights() default true;

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
    Peanut[] value();
  }
}
