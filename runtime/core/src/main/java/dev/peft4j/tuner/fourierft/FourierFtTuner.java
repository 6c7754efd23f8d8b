package dev.peft4j.tuner.fourierft;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.fourierft.FourierFtConfig.Builder;
import java.util.List;

/**
 * A weight's change by a few of its frequencies (Gao et al. 2024), peft's {@code FOURIERFT}: the
 * weight gets scaling · Re F⁻¹(D), the inverse two-dimensional Fourier transform of a matrix D
 * (out, in) that is zero except at n places, which are drawn from a seed. The n numbers there are
 * trained. The file does not hold the places: torch's generator draws them again.
 */
@AutoService(Tuner.class)
public final class FourierFtTuner extends SettingsTuner<FourierFtConfig, WeightedLayer> {
  /** peft's name. */
  public static final String PEFT_TYPE = "FOURIERFT";

  private static final SettingsFile<FourierFtConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, FourierFtConfig.class, FourierFtConfig::builder)
          .size("n_frequency", 1000, FourierFtConfig::frequencies, Builder::frequencies)
          .decimal("scaling", 150, FourierFtConfig::scaling, Builder::scaling)
          .integer("random_loc_seed", 777, 0, FourierFtConfig::seed, Builder::seed)
          .flagAtStart("init_weights", false, FourierFtConfig::initWeights, Builder::initWeights)
          .sizePattern(
              "n_frequency_pattern",
              "n_frequency",
              FourierFtConfig::frequencyPattern,
              Builder::frequencyPattern)
          .fanInFanOut()
          .bias("fourier_only")
          .exclude()
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public FourierFtTuner() {
    super(
        FourierFtConfig.class,
        FourierFt.class,
        FILE,
        List.of(Linear.class, TransposedLinear.class));
  }

  @Override
  public String modelType() {
    return "FourierFTModel";
  }

  @Override
  protected TunerLayer layer(
      String path, WeightedLayer layer, FourierFtConfig config, TunerContext context) {
    return new FourierFtLayer(path, layer, config, context);
  }
}
