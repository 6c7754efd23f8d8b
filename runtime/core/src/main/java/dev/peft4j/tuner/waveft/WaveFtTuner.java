package dev.peft4j.tuner.waveft;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.waveft.WaveFtConfig.Builder;
import java.util.List;

/**
 * A weight's change by a few coefficients of its wavelet transform (2025), peft's {@code WAVEFT}:
 * the weight gets scaling · the inverse transform, of one level, of a matrix that is zero except at
 * n places, which are drawn from a seed. The n numbers there are trained. The file does not hold
 * the places: torch's generator draws them again.
 */
@AutoService(Tuner.class)
public final class WaveFtTuner extends SettingsTuner<WaveFtConfig, WeightedLayer> {
  /** peft's name. */
  public static final String PEFT_TYPE = "WAVEFT";

  private static final SettingsFile<WaveFtConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, WaveFtConfig.class, WaveFtConfig::builder)
          .size("n_frequency", 2592, WaveFtConfig::frequencies, Builder::frequencies)
          .decimal("scaling", 25, WaveFtConfig::scaling, Builder::scaling)
          .text("wavelet_family", "db1", WaveFtConfig::wavelet, Builder::wavelet)
          .flag("use_idwt", true, WaveFtConfig::useIdwt, Builder::useIdwt)
          .integer("random_loc_seed", 777, 0, WaveFtConfig::seed, Builder::seed)
          .flag("proportional_parameters", false, WaveFtConfig::proportional, Builder::proportional)
          .flagAtStart("init_weights", true, WaveFtConfig::initWeights, Builder::initWeights)
          .sizePattern(
              "n_frequency_pattern",
              "n_frequency",
              WaveFtConfig::frequencyPattern,
              Builder::frequencyPattern)
          .fanInFanOut()
          .bias("waveft_only")
          .exclude()
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public WaveFtTuner() {
    super(WaveFtConfig.class, WaveFt.class, FILE, List.of(Linear.class, TransposedLinear.class));
  }

  @Override
  public String modelType() {
    return "WaveFTModel";
  }

  @Override
  protected TunerLayer layer(
      String path, WeightedLayer layer, WaveFtConfig config, TunerContext context) {
    return new WaveFtLayer(path, layer, config, context);
  }
}
