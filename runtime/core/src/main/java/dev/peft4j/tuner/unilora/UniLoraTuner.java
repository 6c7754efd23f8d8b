package dev.peft4j.tuner.unilora;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.unilora.UniLoraConfig.Builder;
import java.util.List;

/**
 * Low-rank matrices whose numbers are all taken from one vector (Li et al. 2025), peft's {@code
 * UNILORA}: the weight gets B · A, where each number of A (r, in) and B (out, r) of all layers is
 * one of the numbers of θ, divided by the root of how many take the same. NumPy's generator deals
 * them out. Only θ is trained.
 */
@AutoService(Tuner.class)
public final class UniLoraTuner extends SettingsTuner<UniLoraConfig, WeightedLayer> {
  /** peft's name. */
  public static final String PEFT_TYPE = "UNILORA";

  private static final SettingsFile<UniLoraConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, UniLoraConfig.class, UniLoraConfig::builder)
          .size("r", 4, UniLoraConfig::r, Builder::r)
          .size("theta_d_length", 256, UniLoraConfig::thetaLength, Builder::thetaLength)
          .integer("proj_seed", 42, 0, UniLoraConfig::seed, Builder::seed)
          .flagAtStart("save_indices", false, UniLoraConfig::saveIndices, Builder::saveIndices)
          .dropout("unilora_dropout", UniLoraConfig::dropout, Builder::dropout)
          .decimalAtStart(
              "init_theta_d_bound", 0.02, UniLoraConfig::thetaBound, Builder::thetaBound)
          .flagAtStart("init_weights", true, UniLoraConfig::initWeights, Builder::initWeights)
          .fanInFanOut()
          .bias("unilora_only")
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public UniLoraTuner() {
    super(UniLoraConfig.class, UniLora.class, FILE, List.of(Linear.class, TransposedLinear.class));
  }

  @Override
  public String modelType() {
    return "UniLoraModel";
  }

  @Override
  protected TunerLayer layer(
      String path, WeightedLayer layer, UniLoraConfig config, TunerContext context) {
    return new UniLoraLayer(path, layer, config, context);
  }
}
