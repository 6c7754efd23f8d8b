package dev.peft4j.tuner.beft;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.beft.BeftConfig.Builder;
import java.util.List;

/**
 * A trained bias (BEFT, 2025), peft's {@code BEFT}: a layer's result gets β (1, out), which starts
 * at zero. Only a layer that has a bias can be merged.
 */
@AutoService(Tuner.class)
public final class BeftTuner extends SettingsTuner<BeftConfig, Linear> {
  /** peft's name. */
  public static final String PEFT_TYPE = "BEFT";

  private static final SettingsFile<BeftConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, BeftConfig.class, BeftConfig::builder)
          .flagAtStart("init_weights", true, BeftConfig::initWeights, Builder::initWeights);

  /** Creates it for {@link java.util.ServiceLoader}. */
  public BeftTuner() {
    super(BeftConfig.class, Beft.class, FILE, List.of(Linear.class));
  }

  @Override
  protected TunerLayer layer(String path, Linear layer, BeftConfig config, TunerContext context) {
    return new BeftLayer(layer, config, context.rng());
  }
}
