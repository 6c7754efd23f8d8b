package dev.peft4j.annotation;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The start LoRA-GA (Wang et al. 2024), peft's {@code lora_ga_config}; an entry of {@link
 * Peft#loraGa()}. It needs data: until {@code LoraData.start} has seen some, the adapter starts as
 * usual.
 */
@Retention(RetentionPolicy.CLASS)
@Target({})
public @interface LoraGa {
  /**
   * The singular vectors of the gradient that A and B begin as.
   *
   * @return {@code ArB2r}, {@code A2rBr} or {@code ArBr}
   */
  @Setting(
      oneOf = {"ArB2r", "A2rBr", "ArBr"},
      position = 0)
  String direction() default "ArB2r";

  /**
   * The size of A and B.
   *
   * @return {@code stable}, {@code weight_svd}, {@code gd_scale} or {@code unit}
   */
  @Setting(
      oneOf = {"stable", "weight_svd", "gd_scale", "unit"},
      position = 1)
  String scale() default "stable";

  /**
   * The divisor of the scale {@code stable} is the root of it.
   *
   * @return greater than 0
   */
  @Setting(above = 0, position = 2)
  double gamma() default 16;
}
