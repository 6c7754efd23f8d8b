package dev.peft4j.annotation;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The start EVA (Paischer et al. 2024), peft's {@code eva_config}; an entry of {@link Peft#eva()}.
 * It needs data: until {@code LoraData.start} has seen some, the adapter starts as usual.
 */
@Retention(RetentionPolicy.CLASS)
@Target({})
public @interface Eva {
  /**
   * The largest multiple of its rank that a layer may get.
   *
   * @return at least 1
   */
  @Setting(min = 1, position = 0)
  double rho() default 2;

  /**
   * The cosine from batch to batch from which directions count as found.
   *
   * @return more than 0, at most 1
   */
  @Setting(above = 0, max = 1, position = 1)
  double tau() default 0.99;

  /**
   * Whether directions are divided by the roots of their singular values.
   *
   * @return false by default
   */
  @Setting(position = 2)
  boolean whiten() default false;
}
