package dev.peft4j.tuner.cpt;

import dev.peft4j.annotation.Peft;
import dev.peft4j.annotation.Setting;
import dev.peft4j.annotation.TunerDescriptor;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The request for a subclass of the annotated model with examples in front of its texts whose
 * embeddings may change a little: {@code @Cpt(tokenIds = {...}, typeMask = {...})}. The members
 * mean what the fields of peft's {@code CPTConfig} mean; what is computed is in {@link CptTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Cpt.List.class)
@TunerDescriptor(peftType = CptTuner.PEFT_TYPE, config = CptConfig.class)
public @interface Cpt {
  /** The tokens of the examples. */
  @Setting(description = "Tokens of the examples.", key = "cpt_token_ids", min = 0)
  int[] tokenIds() default {0};

  /** peft's {@code cpt_mask}, which it keeps and does not use; ones if left out. */
  @Setting(description = "Kept in the file; not used.", key = "cpt_mask", option = "cpt-mask")
  int[] mask() default {};

  /**
   * What each token is: 1 and 3 (+ 4, + 8, ...) parts of a template, 2 an input, 4 a label that
   * counts in the loss, 0 none; ones if left out.
   */
  @Setting(
      description =
          "What each token of the examples is: 1 and 3 of a template, 2 of an input, 4 of a label,"
              + " plus 4 for each example before.",
      key = "cpt_tokens_type_mask")
  int[] typeMask() default {};

  /** Whether labels of earlier examples count less. */
  @Setting(
      description = "Whether labels of earlier examples count less.",
      key = "opt_weighted_loss_type",
      option = "loss-decay")
  boolean decay() default false;

  /** What their weight is multiplied by, from each example to the one before. */
  @Setting(
      description = "Factor of the weight of labels from each example to the one before.",
      key = "opt_loss_decay_factor")
  double decayFactor() default 1;

  /** The bound of the change of tokens of inputs. */
  @Setting(
      description = "Bound of the change of tokens of inputs.",
      key = "opt_projection_epsilon",
      option = "input-epsilon",
      min = 0)
  double epsilon() default 0.1;

  /** The bound of the change of tokens of templates. */
  @Setting(
      description = "Bound of the change of tokens of templates.",
      key = "opt_projection_format_epsilon",
      min = 0)
  double formatEpsilon() default 0.1;

  /** Modules that are trained whole; see {@link Peft#modulesToSave()}. */
  String[] modulesToSave() default {};

  /** The adapter's name. */
  String adapter() default "default";

  /** What the model is for; see {@link Peft#taskType()}. */
  String taskType() default "";

  /** The simple name of the generated class; see {@link Peft#className()}. */
  String className() default "";

  /** Several adapters on one model; the compiler writes it. */
  @Documented
  @Retention(RetentionPolicy.CLASS)
  @Target(ElementType.TYPE)
  @interface List {
    /** The adapters, in the order written. */
    Cpt[] value();
  }
}
