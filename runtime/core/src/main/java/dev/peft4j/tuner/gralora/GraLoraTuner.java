package dev.peft4j.tuner.gralora;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.gralora.GraLoraConfig.Builder;
import java.util.List;

/**
 * Granular low-rank adaptation (Jung et al. 2025), peft's {@code GRALORA}: the weight is cut into k
 * × k blocks, and block (j, i) gets s · B_j[slice i]ᵀ · A_i[:, slice j]ᵀ, slices of r / k ranks,
 * with s = alpha / (r + hybrid_r). A is (k, in / k, r), B (k, r, out / k). With {@code hybridR}
 * there is an ordinary low-rank part besides, (h, in) and (out, h).
 */
@AutoService(Tuner.class)
public final class GraLoraTuner extends SettingsTuner<GraLoraConfig, WeightedLayer> {
  /** peft's name. */
  public static final String PEFT_TYPE = "GRALORA";

  private static final SettingsFile<GraLoraConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, GraLoraConfig.class, GraLoraConfig::builder)
          .size("r", 32, GraLoraConfig::r, Builder::r)
          .integer("hybrid_r", 0, 0, GraLoraConfig::hybridR, Builder::hybridR)
          .number("alpha", 64, GraLoraConfig::alpha, Builder::alpha)
          .dropout("gralora_dropout", GraLoraConfig::dropout, Builder::dropout)
          .integer("gralora_k", 2, 1, GraLoraConfig::k, Builder::k)
          .flagAtStart("init_weights", true, GraLoraConfig::initWeights, Builder::initWeights)
          .fanInFanOut()
          .bias("gralora_only")
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public GraLoraTuner() {
    super(GraLoraConfig.class, GraLora.class, FILE, List.of(Linear.class, TransposedLinear.class));
  }

  @Override
  protected TunerLayer layer(
      String path, WeightedLayer layer, GraLoraConfig config, TunerContext context) {
    return new GraLoraLayer(path, layer, config, context.rng());
  }
}
