package dev.peft4j.tuner.oft;

import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Peft;
import dev.peft4j.annotation.Setting;
import dev.peft4j.annotation.TunerDescriptor;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The request for a subclass of the annotated model that carries an Oft adapter, as {@link Peft}
 * does for LoRA: {@code @Oft(target = "fc1", blockSize = 8)}. The members mean what the fields of
 * peft's {@code OFTConfig} mean and have its defaults; what is computed is in {@link OftTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Oft.List.class)
@TunerDescriptor(
    peftType = OftTuner.PEFT_TYPE,
    config = OftConfig.class,
    layers = {Linear.class, Embedding.class, Conv2d.class})
public @interface Oft {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** Layers that get none; see {@link Peft#exclude()}. */
  String[] exclude() default {};

  /** The same as a regular expression; see {@link Peft#excludeRegex()}. */
  String excludeRegex() default "";

  /** The number of blocks of a layer; 0 if their size is given. */
  @Setting(
      description = "Number of blocks of a layer, or 0 if their size is given.",
      option = "blocks",
      min = 0)
  int r() default 0;

  /**
   * The size of a block; 0 if their number is given. A size that does not divide the layer's input
   * goes to the nearest that does.
   */
  @Setting(
      description = "Size of a block, or 0 if their number is given.",
      key = "oft_block_size",
      min = 0)
  int blockSize() default 32;

  /** Peft's {@code module_dropout}, which it writes and never uses. */
  @Setting(description = "Written to the file; like peft, never used.", min = 0, below = 1)
  double moduleDropout() default 0;

  /**
   * Whether the rotations are kept small: those above the bound are scaled down before each
   * training pass (constrained OFT).
   */
  @Setting(description = "Keeps the rotations below a bound.")
  boolean coft() default false;

  /** The bound of {@link #coft}, over the root of the number of blocks. */
  @Setting(description = "Bound of the rotations with coft.", above = 0)
  double eps() default 6e-5;

  /** Whether all blocks of a layer have the same rotation. */
  @Setting(description = "One rotation for all blocks of a layer.")
  boolean blockShare() default false;

  /**
   * Whether the rotations are approximated by the first terms of a series, which needs no inverse.
   */
  @Setting(description = "Approximates the rotations by a series.")
  boolean useCayleyNeumann() default true;

  /** The number of terms of that series; peft's {@code num_cayley_neumann_terms}. */
  @Setting(
      description = "Number of terms of the series.",
      key = "num_cayley_neumann_terms",
      min = 1)
  int neumannTerms() default 5;

  /** Whether the rotations start as the identity; else they are random. */
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
    Oft[] value();
  }
}
