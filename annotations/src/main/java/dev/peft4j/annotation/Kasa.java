package dev.peft4j.annotation;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * KaSA on LoRA (Wang et al. 2024), peft's {@code kasa_config}; an entry of {@link Peft#kasa()}. The
 * weight loses its smallest singular values when the adapter is made, and a trained vector stands
 * between A and B.
 */
@Retention(RetentionPolicy.CLASS)
@Target({})
public @interface Kasa {
  /**
   * The weight of the vector's square in the loss.
   *
   * @return at least 0
   */
  @Setting(min = 0, position = 0)
  double beta() default 1e-4;

  /**
   * The weight in the loss of how far A and B are from orthogonal.
   *
   * @return at least 0
   */
  @Setting(min = 0, position = 1)
  double gamma() default 1e-3;
}
