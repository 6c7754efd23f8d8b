package dev.peft4j.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
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
 *
 * <p>On a class it is the name of that class's modules in fields that leave the choice to them:
 * {@code @CheckpointName(CheckpointName.OF_CLASS) final E encoder} is {@code roberta} if it holds a
 * {@code @CheckpointName("roberta") class RobertaModel}, or one of a class below it.
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.FIELD, ElementType.TYPE})
public @interface CheckpointName {
  /** The value on a field whose module has the name that its class says. */
  String OF_CLASS = "@class";

  /**
   * The name, or on a field {@link #OF_CLASS}.
   *
   * @return one segment of a parameter's path, not empty
   */
  String value();
}
