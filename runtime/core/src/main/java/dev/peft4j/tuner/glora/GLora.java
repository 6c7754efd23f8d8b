package dev.peft4j.tuner.glora;

import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Peft;
import dev.peft4j.annotation.Setting;
import dev.peft4j.annotation.TunerDescriptor;
import dev.peft4j.nn.Linear;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The request for a subclass of the annotated model that carries a GLora adapter, as {@link Peft}
 * does for LoRA: {@code @GLora(target = "fc1", r = 4)}. The members mean what the fields of peft's
 * {@code GloraConfig} mean and have its defaults; what is computed is in {@link GLoraTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(GLora.List.class)
@TunerDescriptor(peftType = GLoraTuner.PEFT_TYPE, config = GLoraConfig.class, layers = Linear.class)
public @interface GLora {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** The rank. */
  @Setting(description = "Rank of the adapter.", option = "rank", min = 1)
  int r() default 8;

  /** What A and B are, the scale and the shift of the weight. */
  @Setting(
      description = "What the scale and the shift of the weight are.",
      key = "config_A_B",
      option = "config-a-b")
  GLoraPath ab() default GLoraPath.LORA;

  /** What C is, by which the weight goes into the bias; not constant. */
  @Setting(
      description = "What takes the weight into the bias.",
      key = "config_C",
      option = "config-c",
      oneOf = {"LORA", "VECTOR", "NONE"})
  GLoraPath c() default GLoraPath.LORA;

  /** What D and E are, the scale and the shift of the bias; not of low rank. */
  @Setting(
      description = "What the scale and the shift of the bias are.",
      key = "config_D_E",
      option = "config-d-e",
      oneOf = {"VECTOR", "CONSTANT", "NONE"})
  GLoraPath de() default GLoraPath.CONSTANT;

  /** Whether the adapter starts as zero; else its weights are random. */
  @Setting(description = "Starts as the base model; false makes all weights random.")
  boolean initWeights() default true;

  /** Which biases of the base model are trained; see {@link Peft#bias()}. */
  @Setting(description = "Biases of the base model that are trained.")
  Bias bias() default Bias.NONE;

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
    GLora[] value();
  }
}
