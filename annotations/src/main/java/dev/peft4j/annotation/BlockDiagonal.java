package dev.peft4j.annotation;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Block-diagonal LoRA, peft's {@code use_bdlora}; an entry of {@link Peft#blockDiagonal()}. */
@Retention(RetentionPolicy.CLASS)
@Target({})
public @interface BlockDiagonal {
  /**
   * Parts of the names of layers whose A is block-diagonal.
   *
   * @return none by default
   */
  @Setting(position = 0)
  String[] ofA() default {};

  /**
   * Parts of the names of layers whose B is block-diagonal.
   *
   * @return none by default
   */
  @Setting(position = 1)
  String[] ofB() default {};

  /**
   * The number of blocks.
   *
   * @return a divisor of the rank, and of the inputs (A) or outputs (B)
   */
  @Setting(min = 1, position = 2)
  int blocks() default 1;

  /**
   * Whether each target has to be one of these layers.
   *
   * @return true by default
   */
  @Setting(position = 3)
  boolean strict() default true;
}
