package dev.peft4j.tuner.xlora;

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
 * The request for a subclass of the annotated model that mixes LoRA adapters for each token:
 * {@code @Xlora(experts = {"adapters/a", "adapters/b"})}. The members mean what the fields of
 * peft's {@code XLoraConfig} mean; what is computed is in {@link XloraTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Xlora.List.class)
@TunerDescriptor(peftType = XloraTuner.PEFT_TYPE, title = "X-LoRA", config = XloraConfig.class)
public @interface Xlora {
  /** The folders of the LoRA adapters. */
  @Setting(description = "Folders of the LoRA adapters that are mixed.", key = "adapters")
  String[] experts();

  /** Whether the scalings of a token add up to 1. */
  @Setting(description = "Whether the scalings of a token add up to 1.", key = "enable_softmax")
  boolean softmax() default true;

  /** Whether those of the chosen experts do. */
  @Setting(
      description = "Whether those of the chosen experts do.",
      key = "enable_softmax_topk",
      option = "softmax-of-top")
  boolean softmaxOfTop() default false;

  /** Whether each layer has scalings of its own. */
  @Setting(description = "Whether each layer has scalings of its own.", key = "layerwise_scalings")
  boolean layerwise() default false;

  /** Number of linear layers of the classifier. */
  @Setting(
      description = "Number of linear layers of the classifier.",
      key = "xlora_depth",
      option = "classifier-depth",
      min = 1)
  int depth() default 1;

  /** Width between them. */
  @Setting(
      description = "Width between them.",
      key = "xlora_size",
      option = "classifier-size",
      min = 1)
  int size() default 2048;

  /** Probability of dropout between them in training. */
  @Setting(
      description = "Probability of dropout between them in training.",
      key = "xlora_dropout_p",
      option = "classifier-dropout",
      min = 0,
      max = 1)
  double dropout() default 0.2;

  /** Whether the experts are trained, too. */
  @Setting(
      description = "Whether the experts are trained, too.",
      key = "use_trainable_adapters",
      option = "trains-experts")
  boolean trainsExperts() default false;

  /** What logits are divided by before the softmax. */
  @Setting(
      description = "What logits are divided by before the softmax.",
      key = "softmax_temperature",
      option = "softmax-temperature",
      above = 0)
  double temperature() default 1;

  /** Number of experts that a token takes; 0 for all. */
  @Setting(
      description = "Number of experts that a token takes; 0 for all.",
      key = "top_k_lora",
      option = "top-experts",
      min = 0)
  int topK() default 0;

  /** The scaling of all experts in the first pass. */
  @Setting(
      description = "The scaling of all experts in the first pass.",
      key = "scaling_pass_value",
      option = "scaling-pass-value")
  double passValue() default 0;

  /** What all scalings are multiplied by. */
  @Setting(
      description = "What all scalings are multiplied by.",
      key = "global_scaling_weight",
      option = "global-scaling")
  double weight() default 1;

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
    Xlora[] value();
  }
}
