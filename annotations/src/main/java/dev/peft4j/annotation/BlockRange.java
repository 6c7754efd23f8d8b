package dev.peft4j.annotation;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Blocks of the model that come next in a model of repeated blocks; an entry of {@link
 * Peft#layerReplication()}.
 */
@Retention(RetentionPolicy.CLASS)
@Target({})
public @interface BlockRange {
  /**
   * The first block.
   *
   * @return at least 0
   */
  @Setting(min = 0, position = 0)
  int from();

  /**
   * The block behind the last.
   *
   * @return more than the first
   */
  @Setting(min = 1, position = 1)
  int to();
}
