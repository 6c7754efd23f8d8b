package dev.peft4j.annotation;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * An alpha of its own for some layers; an entry of {@link Peft#alphaPattern()}. The key is read as
 * {@link RankPattern#key()} is.
 */
@Retention(RetentionPolicy.CLASS)
@Target({})
public @interface AlphaPattern {
  /**
   * Which layers.
   *
   * @return path, end of a path or regular expression
   */
  @Setting(names = Setting.Names.LAYERS)
  String key();

  /**
   * Their alpha: the adapter's output is scaled by alpha / r. It is not rescaled where only the
   * rank is patterned.
   *
   * @return greater than 0
   */
  @Setting(above = 0)
  double alpha();
}
