package dev.peft4j.annotation;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A separate alpha for some layers; an entry of {@link Peft#alphaPattern()}. The key is read as
 * {@link RankPattern#key()} is.
 */
@Retention(RetentionPolicy.CLASS)
@Target({})
public @interface AlphaPattern {
  /**
   * The layers that it is for.
   *
   * @return path, end of a path or regular expression
   */
  @Setting(names = Setting.Names.LAYERS)
  String key();

  /**
   * The alpha: the adapter's output is scaled by alpha / r. Where only a {@link RankPattern}
   * applies to a layer, alpha stays as it is.
   *
   * @return greater than 0
   */
  @Setting(above = 0)
  double alpha();
}
