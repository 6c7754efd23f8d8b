package dev.peft4j.tuner.hra;

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
 * The request for a subclass of the annotated model that carries a Hra adapter, as {@link Peft}
 * does for LoRA: {@code @Hra(target = "fc1", r = 4)}. The members mean what the fields of peft's
 * {@code HRAConfig} mean and have its defaults; what is computed is in {@link HraTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Hra.List.class)
@TunerDescriptor(
    peftType = HraTuner.PEFT_TYPE,
    config = HraConfig.class,
    layers = {Linear.class, Conv2d.class})
public @interface Hra {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** Layers that get none; see {@link Peft#exclude()}. */
  String[] exclude() default {};

  /** The same as a regular expression; see {@link Peft#excludeRegex()}. */
  String excludeRegex() default "";

  /** The number of reflections. An even number starts as the identity. */
  @Setting(description = "Rank of the adapter.", option = "rank", min = 1)
  int r() default 8;

  /**
   * Whether the directions are made orthogonal first, by Gram and Schmidt; peft's {@code apply_GS}.
   */
  @Setting(description = "Makes the directions orthogonal first.", key = "apply_GS")
  boolean applyGs() default false;

  /** Whether the reflections start in equal pairs, which are the identity; else all are random. */
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
    Hra[] value();
  }
}
