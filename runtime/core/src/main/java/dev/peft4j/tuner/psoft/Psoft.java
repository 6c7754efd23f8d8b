package dev.peft4j.tuner.psoft;

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
 * The request for a subclass of the annotated model that carries a Psoft adapter, as {@link Peft}
 * does for LoRA: {@code @Psoft(target = "fc1", r = 8)}. The members mean what the fields of peft's
 * {@code PsoftConfig} mean and have its defaults; what is computed is in {@link PsoftTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Psoft.List.class)
@TunerDescriptor(peftType = PsoftTuner.PEFT_TYPE, config = PsoftConfig.class, layers = Linear.class)
public @interface Psoft {
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
  int r() default 32;

  /** The numerator of the scale: what the adapter adds is multiplied by alpha / r. */
  @Setting(
      description = "Scale of the adapter: it is multiplied by alpha / rank.",
      key = "psoft_alpha",
      above = 0)
  double alpha() default 32;

  /**
   * The probability with which an element of the layer's input is dropped in training, in front of
   * the adapter.
   */
  @Setting(
      description = "Probability with which an input of the adapter is dropped in training.",
      key = "psoft_dropout",
      min = 0,
      below = 1)
  double dropout() default 0;

  /** How the singular values are shared between the frozen factors. */
  @Setting(
      description = "How the singular values are shared between the frozen factors.",
      key = "ab_svd_init")
  PsoftShare share() default PsoftShare.PSOFT;

  /** How the weight is decomposed. */
  @Setting(description = "How the weight is decomposed.", key = "psoft_svd")
  PsoftSvd svd() default PsoftSvd.FULL;

  /** The number of iterations with {@link PsoftSvd#LOWRANK}. */
  @Setting(
      description = "Number of iterations of a low-rank decomposition.",
      key = "psoft_svd_lowrank_niter",
      min = 0)
  int iterations() default 10;

  /** The seed of the random numbers with {@link PsoftSvd#LOWRANK}. */
  @Setting(description = "Seed of a low-rank decomposition.", key = "random_seed", min = 0)
  int seed() default 0;

  /** Whether the matrix between the factors is a rotation; else it is free. */
  @Setting(description = "The matrix between the factors is a rotation.", key = "psoft_orth")
  boolean orth() default true;

  /** Whether its rows are scaled. */
  @Setting(description = "Scales the rows of the matrix.", key = "psoft_mag_b")
  boolean magB() default true;

  /** Whether its columns are scaled. */
  @Setting(description = "Scales the columns of the matrix.", key = "psoft_mag_a")
  boolean magA() default true;

  /**
   * Whether the rotation is approximated by the first terms of a series, which needs no inverse.
   */
  @Setting(description = "Approximates the rotation by a series.")
  boolean useCayleyNeumann() default false;

  /** The number of terms of that series; peft's {@code num_cayley_neumann_terms}. */
  @Setting(
      description = "Number of terms of the series.",
      key = "num_cayley_neumann_terms",
      min = 1)
  int neumannTerms() default 5;

  /** The norm above which the skew matrix is scaled down for that series; 0 for none. */
  @Setting(
      description = "Norm above which the skew matrix is scaled down, or 0.",
      key = "cayley_neumann_eps",
      min = 0)
  double neumannEps() default 0;

  /** Whether the adapter starts as the identity. */
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
    Psoft[] value();
  }
}
