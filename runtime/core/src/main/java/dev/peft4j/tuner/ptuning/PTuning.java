package dev.peft4j.tuner.ptuning;

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
 * The request for a subclass of the annotated model with virtual tokens that a small network
 * computes: {@code @PTuning(virtualTokens = 8, encoderHiddenSize = 64)}. The members mean what the
 * fields of peft's {@code PromptEncoderConfig} mean; what is computed is in {@link PTuningTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(PTuning.List.class)
@TunerDescriptor(peftType = PTuningTuner.PEFT_TYPE, config = PTuningConfig.class)
public @interface PTuning {
  /** The number of virtual tokens. */
  @Setting(
      description = "Number of virtual tokens in front of a text.",
      key = "num_virtual_tokens",
      min = 1)
  int virtualTokens() default 20;

  /** The network that computes the virtual tokens. */
  @Setting(
      description = "Network that computes virtual tokens in training.",
      key = "encoder_reparameterization_type")
  PromptEncoderType encoder() default PromptEncoderType.MLP;

  /** Its width; 0 for that of a token. */
  @Setting(
      description = "Width of the network that computes virtual tokens; 0 for that of a token.",
      min = 0,
      option = "encoder-size")
  int encoderHiddenSize() default 0;

  /** The number of layers of an LSTM. */
  @Setting(
      description = "Number of layers of an LSTM that computes virtual tokens.",
      key = "encoder_num_layers",
      min = 1)
  int encoderLayers() default 2;

  /** The probability with which an LSTM drops what goes from layer to layer in training. */
  @Setting(description = "Probability of dropout between the layers of an LSTM.", min = 0, max = 1)
  double encoderDropout() default 0;

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
    PTuning[] value();
  }
}
