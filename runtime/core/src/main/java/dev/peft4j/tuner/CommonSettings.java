package dev.peft4j.tuner;

import dev.peft4j.annotation.Bias;
import dev.peft4j.target.TargetSpec;
import org.jspecify.annotations.Nullable;

/**
 * The part that the settings of every tuner have.
 *
 * @param targets which layers get an adapter, and which modules are trained in full
 * @param bias which biases of the base model are trained
 * @param fanInFanOut peft's {@code fan_in_fan_out}: whether the adapted layers store their weight
 *     as (in, out)
 * @param taskType peft's task type, or null
 * @param baseModel name of the base model, or null
 */
public record CommonSettings(
    TargetSpec targets,
    Bias bias,
    boolean fanInFanOut,
    @Nullable String taskType,
    @Nullable String baseModel) {

  /** Returns the same settings with other targets. */
  public CommonSettings withTargets(TargetSpec other) {
    return new CommonSettings(other, bias, fanInFanOut, taskType, baseModel);
  }

  /** Returns the same settings with another {@link #fanInFanOut}. */
  public CommonSettings withFanInFanOut(boolean other) {
    return other == fanInFanOut
        ? this
        : new CommonSettings(targets, bias, other, taskType, baseModel);
  }
}
