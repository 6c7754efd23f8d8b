package dev.peft4j.tuner.ia3;

import dev.peft4j.annotation.Init;
import dev.peft4j.annotation.Peft;
import dev.peft4j.annotation.Setting;
import dev.peft4j.annotation.TunerDescriptor;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Conv3d;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.TransposedLinear;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The request for a subclass of the annotated model that carries an IA3 adapter, as {@link Peft}
 * does for LoRA: {@code @Ia3(target = {"k_proj", "fc2"}, feedforward = "fc2")}. The members mean
 * what the fields of peft's {@code IA3Config} mean and have its defaults; what is computed is in
 * {@link Ia3Tuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Ia3.List.class)
@TunerDescriptor(
    peftType = Ia3Config.PEFT_TYPE,
    title = "IA3",
    config = Ia3Config.class,
    layers = {Linear.class, TransposedLinear.class, Conv2d.class, Conv3d.class})
public @interface Ia3 {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** Layers that get none; see {@link Peft#exclude()}. */
  String[] exclude() default {};

  /** The same as a regular expression; see {@link Peft#excludeRegex()}. */
  String excludeRegex() default "";

  /**
   * Those of the targets that are feed-forward, so that not their results but their inputs are
   * multiplied. Each entry is an entry of {@link #target()}, where that is a list, and stands for
   * every target whose path ends with it; as the only entry {@code "regex:..."} is what {@link
   * #feedforwardRegex()} is.
   */
  @Setting(
      description = "Targets whose inputs are multiplied, not their results.",
      key = "feedforward_modules",
      names = Setting.Names.TARGETS)
  String[] feedforward() default {};

  /** The same as a regular expression for the whole path. */
  @Setting(
      description = "The same as a regular expression for whole paths.",
      key = "feedforward_modules",
      names = Setting.Names.TARGETS)
  String feedforwardRegex() default "";

  /** What the vectors start as: ones, or drawn from N(0, 1). */
  @Setting(
      description = "Initial values of the adapter.",
      key = "init_ia3_weights",
      oneOf = {"DEFAULT", "RANDOM"})
  Init init() default Init.DEFAULT;

  /** Modules that are trained in full; see {@link Peft#modulesToSave()}. */
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
    Ia3[] value();
  }
}
