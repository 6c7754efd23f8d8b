package com.example.toy;

import dev.peft4j.annotation.Setting;
import dev.peft4j.annotation.TunerDescriptor;
import dev.peft4j.nn.Linear;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Asks for an adapted class whose layers' results are scaled; see {@link ToyTuner}. */
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@TunerDescriptor(peftType = ToyTuner.PEFT_TYPE, config = ToyConfig.class, layers = Linear.class)
public @interface Toy {
  /** The layers that are scaled. */
  String[] target() default {};

  /** How much a change of the vector changes the result. */
  @Setting(description = "How much a change of the vector changes the result.", above = 0, max = 10)
  double gain() default 1;
}
