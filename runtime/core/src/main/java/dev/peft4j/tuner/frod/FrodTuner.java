package dev.peft4j.tuner.frod;

import com.fasterxml.jackson.databind.node.BooleanNode;
import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.frod.FrodConfig.Builder;
import java.util.List;

/**
 * A weight in a basis that layers of one kind share (FRoD, 2026), peft's {@code FROD}: the layer
 * computes with U · (diag(λ) + S) · Vᵀ in place of its weight W. V (in, in) follows from the
 * weights of all targeted layers of a kind, such as all {@code self_attn.q_proj}; U and the start
 * of λ follow from W = U · diag(λ) · Vᵀ. λ (in) and a few numbers of S off the diagonal are
 * trained; S starts at zero.
 */
@AutoService(Tuner.class)
public final class FrodTuner extends SettingsTuner<FrodConfig, WeightedLayer> {
  /** peft's name. */
  public static final String PEFT_TYPE = "FROD";

  private static final SettingsFile<FrodConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, FrodConfig.class, FrodConfig::builder)
          .integer("projection_prng_key", 0, 0, FrodConfig::projectionSeed, Builder::projectionSeed)
          .flagAtStart("save_projection", true, FrodConfig::saveProjection, Builder::saveProjection)
          .dropout("frod_dropout", FrodConfig::dropout, Builder::dropout)
          .decimal("sparse_rate", 0.01, FrodConfig::sparseRate, Builder::sparseRate)
          .decimal(
              "regularization_alpha", 0.001, FrodConfig::regularization, Builder::regularization)
          .flagAtStart("init_weights", true, FrodConfig::initWeights, Builder::initWeights)
          .ignored("progressbar", BooleanNode.TRUE)
          .ignored("runtime_offload_base_weight", BooleanNode.FALSE)
          .fanInFanOut()
          .bias("frod_only")
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public FrodTuner() {
    super(FrodConfig.class, Frod.class, FILE, List.of(Linear.class, TransposedLinear.class));
  }

  @Override
  protected TunerLayer layer(
      String path, WeightedLayer layer, FrodConfig config, TunerContext context) {
    return new FrodLayer(path, layer, config, context);
  }
}
