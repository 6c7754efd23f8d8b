package dev.peft4j.tuner.tinylora;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.tinylora.TinyLoraConfig.Builder;
import java.util.List;

/**
 * A few numbers between the singular vectors of a weight (2026), peft's {@code TINYLORA}: the
 * weight gets B · (Σ v_k · P_k) · A. A (r, in) and B (out, r) are the largest singular vectors of
 * the base's weight, each times the root of its singular value; P (u, r, r) is random; all three
 * are frozen. The vector v (u) is trained; groups of neighbouring layers may share it.
 */
@AutoService(Tuner.class)
public final class TinyLoraTuner extends SettingsTuner<TinyLoraConfig, WeightedLayer> {
  /** peft's name. */
  public static final String PEFT_TYPE = "TINYLORA";

  private static final SettingsFile<TinyLoraConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, TinyLoraConfig.class, TinyLoraConfig::builder)
          .size("r", 2, TinyLoraConfig::r, Builder::r)
          .size("u", 64, TinyLoraConfig::u, Builder::u)
          .decimal("weight_tying", 0, TinyLoraConfig::weightTying, Builder::weightTying)
          .integer(
              "projection_seed", 42, 0, TinyLoraConfig::projectionSeed, Builder::projectionSeed)
          .flagAtStart(
              "save_projection", true, TinyLoraConfig::saveProjection, Builder::saveProjection)
          .dropout("tinylora_dropout", TinyLoraConfig::dropout, Builder::dropout)
          .decimalAtStart("init_v_bound", 0.02, TinyLoraConfig::bound, Builder::bound)
          .choiceAtStart(
              "init_weights",
              TinyLoraStart.ZERO,
              List.of("true", "uniform", "false"),
              TinyLoraConfig::start,
              Builder::start)
          .fanInFanOut()
          .bias("tinylora_only")
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public TinyLoraTuner() {
    super(
        TinyLoraConfig.class,
        TinyLora.class,
        FILE,
        List.of(Linear.class, TransposedLinear.class, Embedding.class));
  }

  @Override
  public String modelType() {
    return "TinyLoraModel";
  }

  @Override
  protected TunerLayer layer(
      String path, WeightedLayer layer, TinyLoraConfig config, TunerContext context) {
    return TinyLoraLayer.of(layer, config, context);
  }
}
