package dev.peft4j.tuner.shadow;

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
 * The request for a subclass of the annotated model with a small model beside it: {@code @Shadow(r
 * = 8)} on a subclass of a language model. The members mean what the fields of peft's {@code
 * ShadowConfig} mean; what is computed is in {@link ShadowTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Shadow.List.class)
@TunerDescriptor(peftType = ShadowTuner.PEFT_TYPE, config = ShadowConfig.class)
public @interface Shadow {
  /** Rank of the corrections. */
  @Setting(description = "Rank of the corrections.", key = "r", option = "rank", min = 1)
  int r() default 8;

  /** Number of layers of the shadow. */
  @Setting(
      description = "Number of layers of the shadow.",
      key = "shadow_num_hidden_layers",
      option = "shadow-layers",
      min = 1)
  int shadowLayers() default 1;

  /** Width of the shadow; 0 for that of the model. */
  @Setting(
      description = "Width of the shadow; 0 for that of the model.",
      key = "shadow_hidden_size",
      option = "shadow-size",
      min = 0)
  int hiddenSize() default 0;

  /** Width inside of its feed-forward blocks; 0 for that of the model. */
  @Setting(
      description = "Width inside of its feed-forward blocks; 0 for that of the model.",
      key = "shadow_intermediate_size",
      option = "shadow-intermediate-size",
      min = 0)
  int intermediateSize() default 0;

  /** Number of its attention heads; 0 for that of the model. */
  @Setting(
      description = "Number of its attention heads; 0 for that of the model.",
      key = "shadow_num_attention_heads",
      option = "shadow-heads",
      min = 0)
  int heads() default 0;

  /** What corrections are multiplied by. */
  @Setting(
      description = "What corrections are multiplied by.",
      key = "shadow_alpha",
      option = "shadow-alpha")
  double alpha() default 0.1;

  /** Probability of dropout in front of corrections in training. */
  @Setting(
      description = "Probability of dropout in front of corrections in training.",
      key = "shadow_dropout",
      option = "shadow-dropout",
      min = 0,
      max = 1)
  double dropout() default 0.2;

  /** Width inside of the networks that update the state; 0 for the rank. */
  @Setting(
      description = "Width inside of the networks that update the state; 0 for the rank.",
      key = "update_hidden_size",
      option = "update-size",
      min = 0)
  int updateSize() default 0;

  /** Weight of the loss of what the shadow predicts by itself. */
  @Setting(
      description = "Weight of the loss of what the shadow predicts by itself.",
      key = "auxiliary_loss_weight",
      option = "shadow-loss-weight",
      min = 0)
  double lossWeight() default 0.05;

  /** Whether a shadow of the same width takes the embeddings of the model. */
  @Setting(
      description = "Whether a shadow of the same width takes the embeddings of the model.",
      key = "share_embeddings",
      option = "shares-embeddings")
  boolean sharesEmbeddings() default true;

  /** Whether corrections start as zero. */
  @Setting(description = "Whether corrections start as zero.", key = "init_weights")
  boolean initWeights() default true;

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
    Shadow[] value();
  }
}
