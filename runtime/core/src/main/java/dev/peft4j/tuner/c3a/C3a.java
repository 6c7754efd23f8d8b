package dev.peft4j.tuner.c3a;

import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Peft;
import dev.peft4j.annotation.RankPattern;
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
 * The request for a subclass of the annotated model that carries a C3a adapter, as {@link Peft}
 * does for LoRA: {@code @C3a(target = "fc1", blockSize = 16)}. The members mean what the fields of
 * peft's {@code C3AConfig} mean and have its defaults; what is computed is in {@link C3aTuner}.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(C3a.List.class)
@TunerDescriptor(
    peftType = C3aTuner.PEFT_TYPE,
    title = "C3A",
    config = C3aConfig.class,
    layers = Linear.class)
public @interface C3a {
  /** The layers that get an adapter; see {@link Peft#target()}. */
  String[] target() default {};

  /** The same as a regular expression; see {@link Peft#targetRegex()}. */
  String targetRegex() default "";

  /** The size of a block; divides inputs and outputs. */
  @Setting(description = "Size of a block.", min = 1)
  int blockSize() default 256;

  /** What the adapter starts from. */
  @Setting(description = "What the adapter starts from.", key = "init_weights", option = "start")
  C3aStart start() default C3aStart.XAVIER_UNIFORM;

  /** Sizes of the blocks of some of the layers; the first that fits a layer counts. */
  @Setting(description = "Sizes of the blocks of some of the layers.")
  RankPattern[] blockSizePattern() default {};

  /** Which biases of the base model are trained; see {@link Peft#bias()}. */
  @Setting(description = "Biases of the base model that are trained.")
  Bias bias() default Bias.NONE;

  /** Modules that are trained whole; see {@link Peft#modulesToSave()}. */
  String[] modulesToSave() default {};

  /** The indices to which the adapter is confined; see {@link Peft#layers()}. */
  int[] layers() default {};

  /** The list that they count in; see {@link Peft#layersPattern()}. */
  String[] layersPattern() default {};

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
    C3a[] value();
  }
}
