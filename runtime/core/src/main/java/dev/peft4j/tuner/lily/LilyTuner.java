package dev.peft4j.tuner.lily;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.lily.LilyConfig.Builder;
import java.util.List;

/**
 * Low-rank interconnected adaptation across layers (Zhong et al. 2024), peft's {@code LILY}: a
 * layer computes W·x + b + s·h·Σₑ pₑ·Bₑ with h = A·x. The pₑ are the mean of softmax(R·h) over all
 * tokens of all rows, so that a row's result depends on the others, and on padding. Layers of a
 * kind, those of one target and size, share the experts B, and runs of {@code strideA} of them A;
 * each has a router R of its own.
 *
 * <p>A is (r, in), B (experts · r, out), R (experts, r). It cannot be merged.
 */
@AutoService(Tuner.class)
public final class LilyTuner extends SettingsTuner<LilyConfig, Linear> {
  /** peft's name. */
  public static final String PEFT_TYPE = "LILY";

  private static final SettingsFile<LilyConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, LilyConfig.class, LilyConfig::builder)
          .size("r", 32, LilyConfig::r, Builder::r)
          .integer("stride_A", 1, 1, LilyConfig::strideA, Builder::strideA)
          .integer("num_B", 2, 1, LilyConfig::experts, Builder::experts)
          .decimal("scaling", 1, LilyConfig::scaling, Builder::scaling)
          .flagAtStart("init_weights", true, LilyConfig::initWeights, Builder::initWeights)
          .exclude()
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public LilyTuner() {
    super(LilyConfig.class, Lily.class, FILE, List.of(Linear.class));
  }

  @Override
  protected TunerLayer layer(String path, Linear layer, LilyConfig config, TunerContext context) {
    return new LilyLayer(path, layer, config, context);
  }
}
