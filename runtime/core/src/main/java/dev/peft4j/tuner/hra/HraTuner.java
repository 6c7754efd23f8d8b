package dev.peft4j.tuner.hra;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.hra.HraConfig.Builder;
import java.util.List;

/**
 * Householder reflection adaptation (Yuan et al. 2024), peft's {@code HRA}: a layer computes W·H·x
 * + b with H = (I − 2u₁u₁ᵀ)(I − 2u₂u₂ᵀ)…, the u being the trained directions at length 1. With
 * {@code applyGs} they are made orthogonal first. The parameter is (in, r), of a convolution (in ·
 * k · k, r).
 */
@AutoService(Tuner.class)
public final class HraTuner extends SettingsTuner<HraConfig, WeightedLayer> {
  /** peft's name. */
  public static final String PEFT_TYPE = "HRA";

  private static final SettingsFile<HraConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, HraConfig.class, HraConfig::builder)
          .size("r", 8, HraConfig::r, Builder::r)
          .flag("apply_GS", false, HraConfig::applyGs, Builder::applyGs)
          .flagAtStart("init_weights", true, HraConfig::initWeights, Builder::initWeights)
          .bias("hra_only")
          .exclude()
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public HraTuner() {
    super(HraConfig.class, Hra.class, FILE, List.of(Linear.class, Conv2d.class));
  }

  @Override
  public String modelType() {
    return "HRAModel";
  }

  @Override
  protected TunerLayer layer(
      String path, WeightedLayer layer, HraConfig config, TunerContext context) {
    return new HraLayer(layer, config, context.rng());
  }
}
