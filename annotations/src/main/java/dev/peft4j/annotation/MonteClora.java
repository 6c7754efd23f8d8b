package dev.peft4j.annotation;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * MonteCLoRA (Sengupta et al. 2024), peft's {@code monteclora_config}; an entry of {@link
 * Peft#monteClora()}. In training A is disturbed by random numbers whose size is learnt.
 */
@Retention(RetentionPolicy.CLASS)
@Target({})
public @interface MonteClora {
  /**
   * The number of disturbances that are mixed.
   *
   * @return at least 1
   */
  @Setting(min = 1, position = 0)
  int samples() default 8;

  /**
   * The factor of the disturbances.
   *
   * @return at least 0
   */
  @Setting(min = 0, position = 1)
  double scale() default 1e-4;

  /**
   * The number of draws that peft makes at once; nothing depends on it here.
   *
   * @return at least 1
   */
  @Setting(min = 1, position = 2)
  int bufferSize() default 150;

  /**
   * The weight of the divergences in the loss.
   *
   * @return at least 0
   */
  @Setting(min = 0, position = 3)
  double divergenceWeight() default 1e-5;

  /**
   * The parameter of the shares' distribution.
   *
   * @return greater than 0
   */
  @Setting(above = 0, position = 4)
  double dirichletPrior() default 0.1;

  /**
   * Whether the sum of the shares' squares is added to the loss.
   *
   * @return false by default
   */
  @Setting(position = 5)
  boolean entropy() default false;
}
