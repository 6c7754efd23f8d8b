package dev.peft4j.tuner.deft;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.deft.DeftConfig.Builder;
import java.util.List;

/**
 * Decompositional fine-tuning, peft's {@code DEFT}: some directions of the outputs are taken out of
 * the weight and put in anew, W + Q·(c·R − Tᵀ·W) with c = alpha / r. With {@link DeftMethod#RELU} Q
 * is P and T relu(P), with {@link DeftMethod#QR} both are an orthonormal basis of P. P is (out, r),
 * R (r, in); R starts as what is taken out, so that the adapter is zero. With {@code para} there is
 * no R.
 */
@AutoService(Tuner.class)
public final class DeftTuner extends SettingsTuner<DeftConfig, WeightedLayer> {
  /** peft's name. */
  public static final String PEFT_TYPE = "DEFT";

  private static final SettingsFile<DeftConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, DeftConfig.class, DeftConfig::builder)
          .integer("r", 8, 1, DeftConfig::r, Builder::r)
          .choice(
              "decomposition_method",
              DeftMethod.RELU,
              List.of("relu", "qr"),
              DeftConfig::method,
              Builder::method)
          .decimalAtStart("init_scale", 1, DeftConfig::initScale, Builder::initScale)
          .optionalInteger("alpha", DeftConfig::alpha, Builder::alpha)
          .flag("para", false, DeftConfig::para, Builder::para)
          .dropout("deft_dropout", DeftConfig::dropout, Builder::dropout)
          .flagAtStart("init_weights", true, DeftConfig::initWeights, Builder::initWeights)
          .fanInFanOut()
          .bias("deft_only")
          .exclude()
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public DeftTuner() {
    super(DeftConfig.class, Deft.class, FILE, List.of(Linear.class, TransposedLinear.class));
  }

  @Override
  protected TunerLayer layer(
      String path, WeightedLayer layer, DeftConfig config, TunerContext context) {
    return new DeftLayer(layer, config, context.rng());
  }
}
