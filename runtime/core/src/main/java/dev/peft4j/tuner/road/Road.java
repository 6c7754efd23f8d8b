package dev.peft4j.tuner.road;

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
 * The request for a subclass of the annotated model that carries a Road adapter, as {@link Peft}
 * does for LoRA: {@code @Road(target = "fc1", groupSize = 8)}. The members mean what the fields of
 * peft's {@code RoadConfig} mean and have its defaults; what is computed is in {@link RoadTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Road.List.class)
@TunerDescriptor(peftType = RoadTuner.PEFT_TYPE, config = RoadConfig.class, layers = Linear.class)
public @interface Road {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** What the rotations share. */
  @Setting(description = "What the rotations share.")
  RoadVariant variant() default RoadVariant.ROAD_1;

  /**
   * The size of the groups of outputs in which pairs are formed: an output is rotated with the one
   * half a group further. Divides the outputs; even.
   */
  @Setting(description = "Size of the groups of outputs in which pairs are formed.", min = 2)
  int groupSize() default 64;

  /** Whether the rotations start as the identity; else they are random. */
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
    Road[] value();
  }
}
