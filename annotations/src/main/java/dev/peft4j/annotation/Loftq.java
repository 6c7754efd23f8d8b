package dev.peft4j.annotation;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The start LoftQ (Li et al. 2023), peft's {@code loftq_config}; an entry of {@link Peft#loftq()}.
 * The weights are quantized when {@code LoraData.start} is called; until then the adapter starts as
 * usual.
 */
@Retention(RetentionPolicy.CLASS)
@Target({})
public @interface Loftq {
  /**
   * The bits of a number of the weights.
   *
   * @return 4 (NF4) or 8 (signed bytes with a scale for each row)
   */
  @Setting(
      oneOf = {"4", "8"},
      position = 0)
  int bits() default 4;

  /**
   * How often the weight without the adapter's product is quantized anew.
   *
   * @return at least 1
   */
  @Setting(min = 1, position = 1)
  int iterations() default 1;
}
