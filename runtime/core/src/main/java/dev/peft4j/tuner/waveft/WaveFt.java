package dev.peft4j.tuner.waveft;

import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Peft;
import dev.peft4j.annotation.RankPattern;
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
 * The request for a subclass of the annotated model that carries a WaveFt adapter, as {@link Peft}
 * does for LoRA: {@code @WaveFt(target = "fc1", frequencies = 100)}. The members mean what the
 * fields of peft's {@code WaveFTConfig} mean and have its defaults; what is computed is in {@link
 * WaveFtTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(WaveFt.List.class)
@TunerDescriptor(
    peftType = WaveFtTuner.PEFT_TYPE,
    title = "WaveFT",
    config = WaveFtConfig.class,
    layers = {Linear.class, TransposedLinear.class})
public @interface WaveFt {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** Layers that get none; see {@link Peft#exclude()}. */
  String[] exclude() default {};

  /** The same as a regular expression; see {@link Peft#excludeRegex()}. */
  String excludeRegex() default "";

  /** The number of coefficients of a layer. */
  @Setting(description = "Number of coefficients of a layer.", key = "n_frequency", min = 1)
  int frequencies() default 2592;

  /** A factor of what the adapter adds. */
  @Setting(description = "Factor of what the adapter adds.")
  double scaling() default 25;

  /**
   * The wavelet: {@code db1} to {@code db10}, {@code sym2} to {@code sym10} or {@code coif1} to
   * {@code coif5}.
   */
  @Setting(
      description = "Wavelet: db1 to db10, sym2 to sym10 or coif1 to coif5.",
      key = "wavelet_family")
  String wavelet() default "db1";

  /**
   * Whether the coefficients are transformed; else they are the change of the weight themselves.
   */
  @Setting(description = "Transforms the coefficients; else they change the weight themselves.")
  boolean useIdwt() default true;

  /**
   * The seed of the coefficients' places, which are drawn as torch draws them; peft's {@code
   * random_loc_seed}.
   */
  @Setting(
      description = "Seed of the places of the coefficients.",
      key = "random_loc_seed",
      min = 0)
  int seed() default 777;

  /** Whether layers get coefficients by their size; peft's {@code proportional_parameters}. */
  @Setting(
      description = "Gives layers coefficients by their size.",
      key = "proportional_parameters")
  boolean proportional() default false;

  /** Whether the adapter starts as zero; else its weights are random. */
  @Setting(description = "Starts as the base model; false makes all weights random.")
  boolean initWeights() default true;

  /** Numbers of coefficients of some of the layers; the first that fits a layer counts. */
  @Setting(
      description = "Numbers of coefficients of some of the layers.",
      key = "n_frequency_pattern")
  RankPattern[] frequencyPattern() default {};

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
    WaveFt[] value();
  }
}
