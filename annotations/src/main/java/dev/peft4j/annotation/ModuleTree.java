package dev.peft4j.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The modules in a model that names them itself (its {@code children()}), so that fields do not
 * tell them: with it the processor checks the targets of {@link Peft} and other tuners' annotations
 * on this class and those below it. Without it such a model is searched at run time only.
 *
 * <pre>{@code
 * @ModuleTree(
 *     value = {
 *       "model.embed_tokens: Embedding",
 *       "model.layers.*.self_attn.q_proj: Linear",
 *       "lm_head: Linear"
 *     },
 *     outputHead = "lm_head")
 * public class Decoder extends Module { ... }
 * }</pre>
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface ModuleTree {
  /**
   * The modules, in order: the path of each in checkpoints, with {@code *} for the index in a list,
   * a colon, and its class, which needs its package if that is not {@code dev.peft4j.nn}. What
   * takes no adapter, such as a norm, needs no colon and class. What holds modules (such as {@code
   * self_attn}) need not be listed. A module that some settings leave out is listed too.
   */
  String[] value() default {};

  /** A class whose modules this class has too, before its own; {@code void} for none. */
  Class<?> like() default void.class;

  /** The path of the output layer, which {@code all-linear} leaves out; empty if there is none. */
  String outputHead() default "";
}
