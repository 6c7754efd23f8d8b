package dev.peft4j.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The name that a module or a parameter has in checkpoints, where it does not follow from the
 * field's name.
 *
 * <p>Without it the field {@code qProj} is {@code q_proj} ({@link
 * dev.peft4j.target.Names#toCheckpoint(String)}); BERT's {@code LayerNorm} needs
 * {@code @CheckpointName("LayerNorm") final LayerNorm layerNorm}. It works on a record's component,
 * too. In Kotlin write {@code @field:CheckpointName("...")}.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.FIELD)
public @interface CheckpointName {
  /**
   * The name.
   *
   * @return one segment of a parameter's path, not empty
   */
  String value();
}
