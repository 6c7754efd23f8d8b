package dev.peft4j.tuner.poly;

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
 * The request for a subclass of the annotated model that carries a Poly adapter, as {@link Peft}
 * does for LoRA: {@code @Poly(target = "fc1", r = 4, tasks = 3)}. The members mean what the fields
 * of peft's {@code PolyConfig} mean and have its defaults; what is computed is in {@link
 * PolyTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Poly.List.class)
@TunerDescriptor(peftType = PolyTuner.PEFT_TYPE, config = PolyConfig.class, layers = Linear.class)
public @interface Poly {
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
  int r() default 8;

  /** The number of tasks; each call says which task its rows belong to. */
  @Setting(description = "Number of tasks.", key = "n_tasks", min = 1)
  int tasks() default 1;

  /** The number of adapters that a layer has and tasks mix. */
  @Setting(description = "Number of adapters that tasks mix.", key = "n_skills", min = 1)
  int skills() default 4;

  /** The number of parts of inputs and outputs that are mixed apart; divides both. */
  @Setting(
      description = "Number of parts of inputs and outputs that are mixed apart.",
      key = "n_splits",
      min = 1)
  int splits() default 1;

  /** Whether the adapter starts as zero; else its weights are random. */
  @Setting(description = "Starts as the base model; false makes all weights random.")
  boolean initWeights() default true;

  /** Modules that are trained whole; see {@link Peft#modulesToSave()}. */
  String[] modulesToSave() default {};

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
    Poly[] value();
  }
}
