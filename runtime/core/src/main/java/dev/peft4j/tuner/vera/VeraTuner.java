package dev.peft4j.tuner.vera;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.vera.VeraConfig.Builder;
import java.util.List;

/**
 * Vector-based random matrix adaptation (Kopiczko et al. 2023), peft's {@code VERA}: the weight
 * gets (λ_b ⊙ B) · (λ_d ⊙ A). A (r, in) and B (out, r) are random, frozen and shared by all layers,
 * each of which takes as many of their columns and rows as it is wide; the vectors λ_b (out) and
 * λ_d (r) are trained. λ_b starts at zero, so that training starts from the base model.
 */
@AutoService(Tuner.class)
public final class VeraTuner extends SettingsTuner<VeraConfig, WeightedLayer> {
  /** peft's name. */
  public static final String PEFT_TYPE = "VERA";

  private static final SettingsFile<VeraConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, VeraConfig.class, VeraConfig::builder)
          .size("r", 256, VeraConfig::r, Builder::r)
          .integer("projection_prng_key", 0, 0, VeraConfig::projectionSeed, Builder::projectionSeed)
          .flagAtStart("save_projection", true, VeraConfig::saveProjection, Builder::saveProjection)
          .dropout("vera_dropout", VeraConfig::dropout, Builder::dropout)
          .decimalAtStart("d_initial", 0.1, VeraConfig::dInitial, Builder::dInitial)
          .flagAtStart("init_weights", true, VeraConfig::initWeights, Builder::initWeights)
          .fanInFanOut()
          .bias("vera_only")
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public VeraTuner() {
    super(VeraConfig.class, Vera.class, FILE, List.of(Linear.class, TransposedLinear.class));
  }

  @Override
  public String parameterPrefix() {
    return "vera_lambda_";
  }

  @Override
  protected TunerLayer layer(
      String path, WeightedLayer layer, VeraConfig config, TunerContext context) {
    return new VeraLayer(layer, config, context);
  }
}
