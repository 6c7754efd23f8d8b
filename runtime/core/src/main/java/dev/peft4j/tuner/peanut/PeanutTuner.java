package dev.peft4j.tuner.peanut;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.peanut.PeanutConfig.Builder;
import java.util.List;

/**
 * Adaptation by a network of the weight (Zhong et al. 2024), peft's {@code PEANUT}: the weight gets
 * s · (N(Wᵀ)·Bᵀ)ᵀ, N being f(Wᵀ·Aᵀ) and then {@code depth} encoders and as many decoders, each
 * f(h·Eᵀ); a decoder adds the input of its encoder. A is (r, out), B (out, r), encoders and
 * decoders (r, r). B starts at zero.
 */
@AutoService(Tuner.class)
public final class PeanutTuner extends SettingsTuner<PeanutConfig, Linear> {
  /** peft's name. */
  public static final String PEFT_TYPE = "PEANUT";

  private static final SettingsFile<PeanutConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, PeanutConfig.class, PeanutConfig::builder)
          .size("r", 32, PeanutConfig::r, Builder::r)
          .integer("depth", 0, 0, PeanutConfig::depth, Builder::depth)
          .text("act_fn", "relu", PeanutConfig::activation, Builder::activation)
          .decimal("scaling", 1, PeanutConfig::scaling, Builder::scaling)
          .flagAtStart("init_weights", true, PeanutConfig::initWeights, Builder::initWeights)
          .exclude()
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public PeanutTuner() {
    super(PeanutConfig.class, Peanut.class, FILE, List.of(Linear.class));
  }

  @Override
  protected TunerLayer layer(String path, Linear layer, PeanutConfig config, TunerContext context) {
    return new PeanutLayer(layer, config, context.rng());
  }
}
