package dev.peft4j.annotation;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * VeLoRA (Miles et al. 2024), peft's {@code velora_config}; an entry of {@link Peft#velora()}. A's
 * gradient is made from projections of the input.
 */
@Retention(RetentionPolicy.CLASS)
@Target({})
public @interface Velora {
  /**
   * The number of groups of a layer's inputs.
   *
   * @return at least 1
   */
  @Setting(min = 1, position = 0)
  int groups() default 64;

  /**
   * The factor of what is left of the input.
   *
   * @return 1 by default
   */
  @Setting(position = 1)
  double scale() default 1;

  /**
   * How the direction of the projection is found.
   *
   * @return {@code batch_average}, {@code batch_average_once} or {@code random}
   */
  @Setting(
      oneOf = {"batch_average", "batch_average_once", "random"},
      position = 2)
  String direction() default "batch_average";
}
