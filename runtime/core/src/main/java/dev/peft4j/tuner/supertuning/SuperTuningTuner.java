package dev.peft4j.tuner.supertuning;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.supertuning.SuperTuningConfig.Builder;
import java.util.List;

/**
 * Supertuning, peft's {@code SUPERTUNING}: a share of a layer's weights, those that are largest (or
 * smallest) in size, get a trained value each; with a rank there is a low-rank part besides, s·B·A
 * with s = alpha / r. The values start at zero. Their places, positions in the flat weight, are
 * saved unless {@code saveIndices} is off; then they are found again in the base model.
 */
@AutoService(Tuner.class)
public final class SuperTuningTuner extends SettingsTuner<SuperTuningConfig, Linear> {
  /** peft's name. */
  public static final String PEFT_TYPE = "SUPERTUNING";

  private static final SettingsFile<SuperTuningConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, SuperTuningConfig.class, SuperTuningConfig::builder)
          .decimal("sparsity", 0.99, SuperTuningConfig::sparsity, Builder::sparsity)
          .flag("select_top", true, SuperTuningConfig::selectTop, Builder::selectTop)
          .optionalInteger("r", SuperTuningConfig::r, Builder::r)
          .optionalNumber("lora_alpha", SuperTuningConfig::alpha, Builder::alpha)
          .dropout("lora_dropout", SuperTuningConfig::dropout, Builder::dropout)
          .flagAtStart("init_weights", true, SuperTuningConfig::initWeights, Builder::initWeights)
          .flagAtStart(
              "save_precomputed_indices",
              true,
              SuperTuningConfig::saveIndices,
              Builder::saveIndices);

  /** Creates it for {@link java.util.ServiceLoader}. */
  public SuperTuningTuner() {
    super(SuperTuningConfig.class, SuperTuning.class, FILE, List.of(Linear.class));
  }

  @Override
  public String modelType() {
    return "SupertuningModel";
  }

  @Override
  protected TunerLayer layer(
      String path, Linear layer, SuperTuningConfig config, TunerContext context) {
    return new SuperTuningLayer(path, layer, config, context.rng());
  }
}
