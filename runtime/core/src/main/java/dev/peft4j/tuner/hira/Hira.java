package dev.peft4j.tuner.hira;

import dev.peft4j.annotation.Peft;
import dev.peft4j.annotation.Setting;
import dev.peft4j.annotation.TunerDescriptor;
import dev.peft4j.nn.Conv1d;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Conv3d;
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
 * The request for a subclass of the annotated model that carries a Hira adapter, as {@link Peft}
 * does for LoRA: {@code @Hira(target = "fc1", r = 4)}. The members mean what the fields of peft's
 * {@code HiraConfig} mean and have its defaults; what is computed is in {@link HiraTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Hira.List.class)
@TunerDescriptor(
    peftType = HiraTuner.PEFT_TYPE,
    config = HiraConfig.class,
    layers = {
      Linear.class,
      TransposedLinear.class,
      Embedding.class,
      Conv1d.class,
      Conv2d.class,
      Conv3d.class
    })
public @interface Hira {
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

  /**
   * The probability with which an element of the layer's input is dropped in training, in front of
   * the adapter.
   */
  @Setting(
      description = "Probability with which an input of the adapter is dropped in training.",
      key = "hira_dropout",
      min = 0,
      below = 1)
  double dropout() default 0;

  /** What the adapter starts from. */
  @Setting(description = "What the adapter starts from.", key = "init_weights", option = "start")
  HiraStart start() default HiraStart.DEFAULT;

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
    Hira[] value();
  }
}
