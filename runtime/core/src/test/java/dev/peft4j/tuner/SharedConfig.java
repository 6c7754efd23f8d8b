package dev.peft4j.tuner;

import dev.peft4j.annotation.Bias;
import dev.peft4j.target.TargetSpec;
import org.jspecify.annotations.Nullable;

/** Settings of {@link SharedTuner}. */
record SharedConfig(
    int r, TargetSpec targets, @Nullable String taskType, @Nullable String baseModel)
    implements PeftConfig {
  static SharedConfig of(int r, String... targets) {
    return new SharedConfig(r, TargetSpec.of(targets), null, null);
  }

  @Override
  public String peftType() {
    return "TEST_SHARED";
  }

  @Override
  public Bias bias() {
    return Bias.NONE;
  }

  @Override
  public SharedConfig withTargets(TargetSpec other) {
    return new SharedConfig(r, other, taskType, baseModel);
  }
}
