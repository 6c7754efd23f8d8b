package dev.peft4j.tuner.randlora;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.randlora.RandLoraConfig.Builder;
import java.util.List;

/**
 * Random matrices of low rank whose sum has full rank (Albert et al. 2025), peft's {@code
 * RANDLORA}: the weight gets s · Σ B_j · diag(λ_j) · A · diag(γ_j) over n bases, as many as make a
 * matrix of full rank, with s = alpha / r. A (r, 1, min) and B (max, n, r) are random, frozen and
 * shared by all layers, where min and max are the smaller and the larger size; λ (r, n) and γ (n,
 * min) are trained, and λ starts at zero. Like peft, it flattens the two factors over bases and
 * ranks in different orders.
 */
@AutoService(Tuner.class)
public final class RandLoraTuner extends SettingsTuner<RandLoraConfig, WeightedLayer> {
  /** peft's name. */
  public static final String PEFT_TYPE = "RANDLORA";

  private static final SettingsFile<RandLoraConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, RandLoraConfig.class, RandLoraConfig::builder)
          .size("r", 32, RandLoraConfig::r, Builder::r)
          .number("randlora_alpha", 640, RandLoraConfig::alpha, Builder::alpha)
          .integer(
              "projection_prng_key", 0, 0, RandLoraConfig::projectionSeed, Builder::projectionSeed)
          .flagAtStart(
              "save_projection", true, RandLoraConfig::saveProjection, Builder::saveProjection)
          .flag("sparse", false, RandLoraConfig::sparse, Builder::sparse)
          .flag("very_sparse", false, RandLoraConfig::verySparse, Builder::verySparse)
          .dropout("randlora_dropout", RandLoraConfig::dropout, Builder::dropout)
          .flagAtStart("init_weights", true, RandLoraConfig::initWeights, Builder::initWeights)
          .fanInFanOut()
          .bias("randlora_only")
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public RandLoraTuner() {
    super(
        RandLoraConfig.class, RandLora.class, FILE, List.of(Linear.class, TransposedLinear.class));
  }

  @Override
  public String modelType() {
    return "RandLoraModel";
  }

  @Override
  protected TunerLayer layer(
      String path, WeightedLayer layer, RandLoraConfig config, TunerContext context) {
    return new RandLoraLayer(layer, config, context);
  }
}
