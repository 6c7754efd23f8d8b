package dev.peft4j.tuner.boft;

import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Peft;
import dev.peft4j.annotation.Setting;
import dev.peft4j.annotation.TunerDescriptor;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Linear;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The request for a subclass of the annotated model that carries a Boft adapter, as {@link Peft}
 * does for LoRA: {@code @Boft(target = "fc1", blockSize = 4)}. The members mean what the fields of
 * peft's {@code BOFTConfig} mean and have its defaults; what is computed is in {@link BoftTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Boft.List.class)
@TunerDescriptor(
    peftType = BoftTuner.PEFT_TYPE,
    config = BoftConfig.class,
    layers = {Linear.class, Conv2d.class})
public @interface Boft {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** Layers that get none; see {@link Peft#exclude()}. */
  String[] exclude() default {};

  /** The same as a regular expression; see {@link Peft#excludeRegex()}. */
  String excludeRegex() default "";

  /** The size of a block; 0 if their number is given. */
  @Setting(
      description = "Size of a block, or 0 if their number is given.",
      key = "boft_block_size",
      min = 0)
  int blockSize() default 4;

  /** The number of blocks; 0 if their size is given. */
  @Setting(
      description = "Number of blocks, or 0 if their size is given.",
      key = "boft_block_num",
      min = 0)
  int blocks() default 0;

  /** The number of butterfly factors: each mixes blocks that are twice as far apart. */
  @Setting(description = "Number of butterfly factors.", key = "boft_n_butterfly_factor", min = 1)
  int factors() default 1;

  /** The probability with which a block is left unrotated in training. */
  @Setting(
      description = "Probability with which a block is left unrotated in training.",
      key = "boft_dropout",
      min = 0,
      below = 1)
  double dropout() default 0;

  /** Whether the adapter starts as the identity; else its weights are random. */
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
    Boft[] value();
  }
}
