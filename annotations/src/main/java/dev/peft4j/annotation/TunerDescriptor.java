package dev.peft4j.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The description of a tuner, on the tuner's annotation, such as {@code @LoHa}.
 *
 * <p>An annotation that carries it asks for an adapted class as {@link Peft} does. The processor,
 * the runtime, Kotlin and the command line read everything they need to know about the tuner from
 * the annotation's members: their names, types and defaults, and what {@link Setting} says about
 * them. So the tuner may be in any jar.
 *
 * <p>These members mean for every tuner what they mean in {@link Peft}, where an annotation has
 * them: {@code target}, {@code targetRegex}, {@code exclude}, {@code excludeRegex}, {@code
 * modulesToSave}, {@code layers}, {@code layersPattern}, {@code taskType}, {@code adapter} and
 * {@code className}. Every other member is a setting of the tuner: a number, a boolean, a text, an
 * enum constant, an array of these, or an array of {@link RankPattern}, {@link AlphaPattern},
 * {@link TrainableTokens} or annotations like them. The builder of the tuner's settings has a
 * method of the same name for it; for an array of annotations the method is called once for each
 * entry, with the entry's values in their order. An annotation that may be repeated has a container
 * as {@link Peft.List} is.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.ANNOTATION_TYPE)
public @interface TunerDescriptor {
  /**
   * peft's name of the tuner.
   *
   * @return {@code LOHA}, for example
   */
  String peftType();

  /**
   * The tuner's name in messages.
   *
   * @return nothing for the annotation's simple name
   */
  String title() default "";

  /**
   * The class of the tuner's settings. It has a static method {@code builder()}; what that returns
   * extends {@code dev.peft4j.tuner.ConfigBuilder}.
   *
   * @return {@code LoHaConfig.class}, for example
   */
  Class<?> config() default void.class;

  /**
   * The name of that class, for an annotation in a module that does not see the class.
   *
   * @return a qualified name, or nothing
   */
  String configName() default "";

  /**
   * The layers that the tuner adapts.
   *
   * @return classes of layers; none for all that implement {@code Adaptable}
   */
  Class<?>[] layers() default {};

  /**
   * Other tuners that the annotation can ask for: its member {@code tuner} names one of them.
   *
   * @return qualified names of annotations that carry a descriptor
   */
  String[] others() default {};
}
