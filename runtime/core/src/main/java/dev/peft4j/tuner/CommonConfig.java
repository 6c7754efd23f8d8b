package dev.peft4j.tuner;

import dev.peft4j.annotation.Bias;
import dev.peft4j.target.TargetSpec;
import org.jspecify.annotations.Nullable;

/**
 * Settings that have the common ones as one component.
 *
 * @param <C> the settings themselves
 */
public interface CommonConfig<C extends CommonConfig<C>> extends PeftConfig {
  /** Returns the settings that every tuner has. */
  CommonSettings common();

  /** Returns the same settings with other common ones. */
  C withCommon(CommonSettings common);

  @Override
  default TargetSpec targets() {
    return common().targets();
  }

  @Override
  default Bias bias() {
    return common().bias();
  }

  @Override
  default @Nullable String taskType() {
    return common().taskType();
  }

  @Override
  default @Nullable String baseModel() {
    return common().baseModel();
  }

  @Override
  default C withTargets(TargetSpec targets) {
    return withCommon(common().withTargets(targets));
  }
}
