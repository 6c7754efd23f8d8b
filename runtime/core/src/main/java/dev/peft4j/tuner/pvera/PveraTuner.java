package dev.peft4j.tuner.pvera;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.pvera.PveraConfig.Builder;
import java.util.List;

/**
 * Probabilistic VeRA (2025), peft's {@code PVERA}: the vector λ_d ⊙ A · x holds means μ and log
 * variances ℓ, and the layer's result gets λ_b ⊙ B · z, where z is μ + ε · exp(ℓ / 2) with ε from
 * N(0, 1) in training, and otherwise μ. A (2r, in) and B (out, r) are random, frozen and shared by
 * all layers; λ_b (out) and λ_d (2r) are trained. Merged weights are those of the means.
 */
@AutoService(Tuner.class)
public final class PveraTuner extends SettingsTuner<PveraConfig, WeightedLayer> {
  /** peft's name. */
  public static final String PEFT_TYPE = "PVERA";

  private static final SettingsFile<PveraConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, PveraConfig.class, PveraConfig::builder)
          .size("r", 256, PveraConfig::r, Builder::r)
          .integer(
              "projection_prng_key", 0, 0, PveraConfig::projectionSeed, Builder::projectionSeed)
          .flagAtStart(
              "save_projection", true, PveraConfig::saveProjection, Builder::saveProjection)
          .dropout("pvera_dropout", PveraConfig::dropout, Builder::dropout)
          .decimalAtStart("d_initial", 0.1, PveraConfig::dInitial, Builder::dInitial)
          .flagAtStart("init_weights", true, PveraConfig::initWeights, Builder::initWeights)
          .flagAtStart(
              "sample_at_inference",
              false,
              PveraConfig::sampleAtInference,
              Builder::sampleAtInference)
          .optionalSeed("generator_seed", PveraConfig::generatorSeed, Builder::generatorSeed)
          .fanInFanOut()
          .bias("pvera_only")
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public PveraTuner() {
    super(PveraConfig.class, Pvera.class, FILE, List.of(Linear.class, TransposedLinear.class));
  }

  @Override
  public String parameterPrefix() {
    return "pvera_lambda_";
  }

  @Override
  protected TunerLayer layer(
      String path, WeightedLayer layer, PveraConfig config, TunerContext context) {
    return new PveraLayer(layer, config, context);
  }
}
