package dev.peft4j.tuner.shira;

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
 * The request for a subclass of the annotated model that carries a Shira adapter, as {@link Peft}
 * does for LoRA: {@code @Shira(target = "fc1", r = 4)}. The members mean what the fields of peft's
 * {@code ShiraConfig} mean and have its defaults; what is computed is in {@link ShiraTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Shira.List.class)
@TunerDescriptor(
    peftType = ShiraTuner.PEFT_TYPE,
    title = "SHiRA",
    config = ShiraConfig.class,
    layers = Linear.class)
public @interface Shira {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** As many numbers are trained as LoRA of this rank has. */
  @Setting(description = "Rank of the adapter.", option = "rank", min = 1)
  int r() default 32;

  /**
   * The seed of the places, which are drawn as torch draws them; -1 for its default seed. Peft's
   * {@code random_seed}.
   */
  @Setting(description = "Seed of the places, or -1.", key = "random_seed", min = -1)
  int seed() default -1;

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
    Shira[] value();
  }
}
