package dev.peft4j.annotation;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Rows of an embedding that are trained; an entry of {@link Peft#trainableTokens()}. */
@Retention(RetentionPolicy.CLASS)
@Target({})
public @interface TrainableTokens {
  /**
   * The embedding: its path, or the end of the path after a dot.
   *
   * @return nothing for the model's input embedding, which is the one called {@code embed_tokens}
   *     or, without one, the first
   */
  String embedding() default "";

  /**
   * The rows.
   *
   * @return ids from 0 on, each once
   */
  int[] ids();
}
