package dev.peft4j.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A mark for a pretrained model's output layer, such as {@code lm_head}. The target {@code
 * "all-linear"} leaves it out, as peft does with the output embedding of the models that it knows.
 * A target that names the layer still includes it.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.FIELD)
public @interface OutputHead {}
