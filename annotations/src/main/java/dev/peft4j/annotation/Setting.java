package dev.peft4j.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The description of a setting of a tuner: a member of an annotation that carries {@link
 * TunerDescriptor}, or of one nested in it. The member's default is always allowed, even outside
 * the range.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Setting {
  /**
   * The setting's meaning in one sentence, for help texts.
   *
   * @return a sentence
   */
  String description() default "";

  /**
   * Its key in peft's {@code adapter_config.json}.
   *
   * @return nothing for the member's name in snake case
   */
  String key() default "";

  /**
   * The smallest value of a number, or of each number of an array.
   *
   * @return a number that is allowed itself
   */
  double min() default Double.NEGATIVE_INFINITY;

  /**
   * The largest value.
   *
   * @return a number that is allowed itself
   */
  double max() default Double.POSITIVE_INFINITY;

  /**
   * A bound: every value is greater than it.
   *
   * @return a number that is not allowed itself
   */
  double above() default Double.NEGATIVE_INFINITY;

  /**
   * A bound: every value is less than it.
   *
   * @return a number that is not allowed itself
   */
  double below() default Double.POSITIVE_INFINITY;

  /**
   * The values of a text or an enum that are allowed.
   *
   * @return texts or names of constants; none for all
   */
  String[] oneOf() default {};

  /**
   * The values that other settings must have where this one is not at its default: {@code
   * "init=PISSA"}, {@code "init=DEFAULT|RANDOM"}, {@code "dora=false"}.
   *
   * @return a member's name, {@code =}, and its values, with {@code |} between them
   */
  String[] goesWith() default {};

  /**
   * The value of another setting that needs this one to be even, as {@code "init=ORTHOGONAL"} does.
   *
   * @return a member's name, {@code =}, and its value, or nothing
   */
  String evenWith() default "";

  /**
   * The kind of thing that the texts of the setting name.
   *
   * @return nothing in the model by default
   */
  Names names() default Names.NOTHING;

  /**
   * The builder's method.
   *
   * @return nothing for the member's name
   */
  String setter() default "";

  /**
   * The option of the command line.
   *
   * @return a name without dashes; nothing for the member's name in words with dashes between them
   */
  String option() default "";

  /**
   * The only tuner that has the setting, where the annotation is for several tuners.
   *
   * @return peft's name of the tuner; nothing for all of them
   */
  String tuner() default "";

  /**
   * In an annotation that is an entry of a setting: the place of the value among the arguments of
   * the builder's method. The members are written in that order, which the JVM does not keep.
   *
   * @return 0 for the first; -1, the default, for an entry of a text and one other value
   */
  int position() default -1;

  /** The kinds of things that texts of a setting can name. */
  enum Names {
    /** They name nothing in the model. */
    NOTHING,
    /**
     * Parameters that are adapted besides the layers that are targeted; with them there need not be
     * a target.
     */
    PARAMETERS,
    /**
     * Some of the layers that are targeted, as the key of {@link RankPattern} does: paths, ends of
     * paths or regular expressions.
     */
    LAYERS,
    /**
     * Some of the targets. In an array each entry is an entry of {@code target}, where that is a
     * list, or the only one is {@code "regex:..."}; a single text is a regular expression. As with
     * {@code target}, the member {@code xRegex} is the other way to write {@code x}.
     */
    TARGETS
  }
}
