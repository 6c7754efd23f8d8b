package dev.peft4j.tuner.adamss;

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
 * The request for a subclass of the annotated model that carries an Adamss adapter, as {@link Peft}
 * does for LoRA: {@code @Adamss(target = "fc1", r = 16)}. The members mean what the fields of
 * peft's {@code AdamssConfig} mean and have its defaults; what is computed is in {@link
 * AdamssTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Adamss.List.class)
@TunerDescriptor(
    peftType = AdamssTuner.PEFT_TYPE,
    title = "AdaMSS",
    config = AdamssConfig.class,
    layers = Linear.class)
public @interface Adamss {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** The number of the weight's singular vectors that the changes are made of. */
  @Setting(description = "Rank of the adapter.", option = "rank", min = 1)
  int r() default 100;

  /** The number of clusters of a layer. */
  @Setting(description = "Number of clusters of a layer.", key = "num_subspaces", min = 1)
  int subspaces() default 5;

  /** The rank of each cluster's change; with {@link #dynamicRank} the largest. */
  @Setting(description = "Rank of each cluster's change.", min = 1)
  int subspaceRank() default 1;

  /**
   * Whether the adapter starts as zero; else the matrices B are random. Peft's {@code
   * init_weights}.
   */
  @Setting(
      description = "Starts as the base model; false makes the matrices B random.",
      key = "init_weights")
  boolean orthogonal() default true;

  /** Whether a cluster's rank follows from its singular values; peft's {@code use_dynamic_rank}. */
  @Setting(
      description = "Takes a cluster's rank from its singular values.",
      key = "use_dynamic_rank")
  boolean dynamicRank() default false;

  /** The share of the largest singular value above which one counts with {@link #dynamicRank}. */
  @Setting(
      description = "Share of the largest singular value above which one counts.",
      min = 0,
      max = 1)
  double svdThreshold() default 0.1;

  /** The seed of the decomposition, which draws as torch does; peft's {@code random_seed}. */
  @Setting(description = "Seed of the decomposition.", key = "random_seed", min = 0)
  int seed() default 0;

  /**
   * Whether the least important clusters are frozen during training (adaptive subspace allocation).
   */
  @Setting(description = "Freezes the least important clusters during training.")
  boolean useAsa() default false;

  /** The number of clusters of all layers that are still trained at the end. */
  @Setting(description = "Number of clusters that are still trained at the end.", min = 1)
  int asaTargetSubspaces() default 50;

  /** The step from which clusters are frozen. */
  @Setting(description = "Step from which clusters are frozen.", min = 0)
  int initWarmup() default 50;

  /** The last step at which clusters are frozen. */
  @Setting(description = "Last step at which clusters are frozen.", min = 0)
  int finalWarmup() default 1000;

  /** The steps between two times at which clusters are frozen. */
  @Setting(description = "Steps between two times at which clusters are frozen.", min = 1)
  int maskInterval() default 100;

  /** The share of the past in the average of a cluster's importance. */
  @Setting(description = "Share of the past in the average of importances.", min = 0, max = 1)
  double asaImportanceBeta() default 0.85;

  /** The share of the past in the average of its uncertainty. */
  @Setting(description = "Share of the past in the average of uncertainties.", min = 0, max = 1)
  double asaUncertaintyBeta() default 0.85;

  /** The exponent of the schedule from all clusters to the target. */
  @Setting(description = "Exponent of the schedule.", above = 0)
  double asaScheduleExponent() default 3;

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
    Adamss[] value();
  }
}
