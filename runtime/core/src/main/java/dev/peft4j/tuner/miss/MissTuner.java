package dev.peft4j.tuner.miss;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.miss.MissConfig.Builder;
import java.util.List;

/**
 * Matrix shard sharing (Kang and Yin 2024), peft's {@code MISS}: a layer computes W·x + b + (x₁ +
 * x₂ + …)·D, x being cut into shards of r numbers and filled up with zeros. D is (r, out); with
 * {@link MissStart#MINI} it has fewer columns, which repeat. With {@link MissStart#BAT} each r × r
 * block of the weight gets (W + I)·D, D being one matrix for each r outputs: (out / r, r, r).
 */
@AutoService(Tuner.class)
public final class MissTuner extends SettingsTuner<MissConfig, Linear> {
  /** peft's name. */
  public static final String PEFT_TYPE = "MISS";

  private static final SettingsFile<MissConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, MissConfig.class, MissConfig::builder)
          .size("r", 64, MissConfig::r, Builder::r)
          .dropout("miss_dropout", MissConfig::dropout, Builder::dropout)
          .integer("mini_r", 1, 1, MissConfig::miniR, Builder::miniR)
          .choiceAtStart(
              "init_weights",
              MissStart.DEFAULT,
              List.of("true", "false", "bat", "mini"),
              MissConfig::start,
              Builder::start)
          .bias("miss_only")
          .exclude()
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public MissTuner() {
    super(MissConfig.class, Miss.class, FILE, List.of(Linear.class));
  }

  @Override
  protected TunerLayer layer(String path, Linear layer, MissConfig config, TunerContext context) {
    return new MissLayer(path, layer, config, context.rng());
  }
}
