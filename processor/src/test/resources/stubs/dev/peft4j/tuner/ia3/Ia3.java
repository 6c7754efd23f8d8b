package dev.peft4j.tuner.ia3;

import dev.peft4j.annotation.Init;
import dev.peft4j.annotation.Setting;
import dev.peft4j.annotation.TunerDescriptor;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.TransposedLinear;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** A stand-in for the runtime's. */
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@TunerDescriptor(
    peftType = "IA3",
    title = "IA3",
    config = Ia3Config.class,
    layers = {Linear.class, TransposedLinear.class, Conv2d.class})
public @interface Ia3 {
  String[] target() default {};

  String targetRegex() default "";

  String[] exclude() default {};

  String excludeRegex() default "";

  @Setting(names = Setting.Names.TARGETS)
  String[] feedforward() default {};

  @Setting(names = Setting.Names.TARGETS)
  String feedforwardRegex() default "";

  @Setting(oneOf = {"DEFAULT", "RANDOM"})
  Init init() default Init.DEFAULT;

  String[] modulesToSave() default {};

  String adapter() default "default";

  String taskType() default "";

  String className() default "";
}
