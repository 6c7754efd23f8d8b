package dev.peft4j.tuner.cartridge;

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
 * The request for a subclass of the annotated model with a trained cache of keys and values:
 * {@code @Cartridge(virtualTokens = 64)}. The members mean what the fields of peft's {@code
 * CartridgeConfig} mean; what is computed is in {@link CartridgeTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Cartridge.List.class)
@TunerDescriptor(peftType = CartridgeTuner.PEFT_TYPE, config = CartridgeConfig.class)
public @interface Cartridge {
  /** The number of virtual tokens. */
  @Setting(
      description = "Number of virtual tokens in front of a text.",
      key = "num_virtual_tokens",
      min = 1)
  int virtualTokens() default 20;

  /** The number of virtual tokens at the beginning that are not trained. */
  @Setting(
      description = "Number of virtual tokens at the beginning that are not trained.",
      key = "num_frozen_tokens",
      min = 0)
  int frozenTokens() default 1;

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
    Cartridge[] value();
  }
}
