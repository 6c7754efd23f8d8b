package dev.peft4j.annotation;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The start CorDA (Yang et al. 2024), peft's {@code corda_config}; an entry of {@link
 * Peft#corda()}. It needs data: until {@code LoraData.start} has seen some, the adapter starts as
 * usual.
 */
@Retention(RetentionPolicy.CLASS)
@Target({})
public @interface Corda {
  /**
   * The directions of the weight that are trained: those that the data uses most ({@code ipm}), or
   * least ({@code kpm}).
   *
   * @return {@code ipm} or {@code kpm}
   */
  @Setting(
      oneOf = {"ipm", "kpm"},
      position = 0)
  String method() default "ipm";
}
