package dev.peft4j.tuner.tokens;

import dev.peft4j.annotation.Peft;
import dev.peft4j.annotation.Setting;
import dev.peft4j.annotation.TunerDescriptor;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The request for a subclass of the annotated model in which only some rows of embeddings are
 * trained, as {@link Peft} does for LoRA: {@code @TrainTokens(target = "embed", tokens = {5, 9})}.
 * The members mean what the fields of peft's {@code TrainableTokensConfig} mean and have its
 * defaults. To train rows beside a LoRA adapter use {@link Peft#trainableTokens()}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(TrainTokens.List.class)
@TunerDescriptor(
    peftType = TrainableTokensConfig.PEFT_TYPE,
    config = TrainableTokensConfig.class,
    layers = {Embedding.class, Linear.class})
public @interface TrainTokens {
  /** The embeddings, or heads that are one with them; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** Layers that are left out; see {@link Peft#exclude()}. */
  String[] exclude() default {};

  /** The same as a regular expression; see {@link Peft#excludeRegex()}. */
  String excludeRegex() default "";

  /** The ids of the rows; each once. */
  @Setting(description = "Ids of the rows that are trained.", key = "token_indices", min = 0)
  int[] tokens();

  /** Whether the rows start as the embedding's; else they are drawn from N(0, 1). */
  @Setting(description = "Starts as the rows are; false makes them random.")
  boolean initWeights() default true;

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
    TrainTokens[] value();
  }
}
