package dev.peft4j.annotation;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A separate rank for some layers; an entry of {@link Peft#rankPattern()}.
 *
 * <p>The first entry, in the order written, whose key names a layer counts for it. The key is the
 * layer's path, the end of it from a dot on, or a regular expression for either: peft's {@code
 * (.*\.)?(KEY)$}. {@code ^q} names only a layer {@code q} of the model itself.
 */
@Retention(RetentionPolicy.CLASS)
@Target({})
public @interface RankPattern {
  /**
   * The layers that it is for.
   *
   * @return path, end of a path or regular expression
   */
  @Setting(names = Setting.Names.LAYERS)
  String key();

  /**
   * The rank.
   *
   * @return at least 1
   */
  @Setting(min = 1)
  int r();
}
