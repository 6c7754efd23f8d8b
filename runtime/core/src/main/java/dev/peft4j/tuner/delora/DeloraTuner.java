package dev.peft4j.tuner.delora;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.delora.DeloraConfig.Builder;
import java.util.List;

/**
 * Low-rank matrices whose norm is bounded (Bini et al. 2025), peft's {@code DELORA}: the weight
 * gets B · diag(λ / (r · ‖A_k‖ · ‖B_k‖)) · A · diag(w), where the norms are those of A's rows and
 * B's columns, at least 1e-4, and w (in) holds the norms of the columns of the base's weight. A (r,
 * in), B (out, r) and λ (1) are trained; B starts at zero.
 */
@AutoService(Tuner.class)
public final class DeloraTuner extends SettingsTuner<DeloraConfig, Linear> {
  /** peft's name. */
  public static final String PEFT_TYPE = "DELORA";

  private static final SettingsFile<DeloraConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, DeloraConfig.class, DeloraConfig::builder)
          .size("r", 8, DeloraConfig::r, Builder::r)
          .numberAtStart("delora_lambda", 15, DeloraConfig::lambda, Builder::lambda)
          .dropout("module_dropout", DeloraConfig::moduleDropout, Builder::moduleDropout)
          .flagAtStart("init_weights", true, DeloraConfig::initWeights, Builder::initWeights)
          .sizePattern("rank_pattern", "r", DeloraConfig::rankPattern, Builder::rankPattern)
          .numberPattern(
              "lambda_pattern",
              "delora_lambda",
              DeloraConfig::lambdaPattern,
              Builder::lambdaPattern)
          .bias("delora_only")
          .exclude()
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public DeloraTuner() {
    super(DeloraConfig.class, Delora.class, FILE, List.of(Linear.class));
  }

  @Override
  protected TunerLayer layer(String path, Linear layer, DeloraConfig config, TunerContext context) {
    return new DeloraLayer(path, layer, config, context.rng());
  }
}
