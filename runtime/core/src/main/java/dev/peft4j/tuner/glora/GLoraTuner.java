package dev.peft4j.tuner.glora;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Linear;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.glora.GLoraConfig.Builder;
import java.util.List;

/**
 * Generalized LoRA (Chavan et al. 2023), peft's {@code GLORA}: the weight becomes W + W ⊙ A + B,
 * the bias, if there is one, b + b ⊙ D + E + W·C. Each of the five paths is a product of thin
 * matrices, a vector, a number or nothing, see {@link GLoraPath}; all start at zero.
 *
 * <table>
 *   <caption>Shapes</caption>
 *   <tr><td>A, B</td><td>(out, r) · (r, in), (out, 1) or (1)</td></tr>
 *   <tr><td>C</td><td>(in, r) · (r, 1) or (in, 1)</td></tr>
 *   <tr><td>D, E</td><td>(out) or (1)</td></tr>
 * </table>
 */
@AutoService(Tuner.class)
public final class GLoraTuner extends SettingsTuner<GLoraConfig, Linear> {
  /** peft's name. */
  public static final String PEFT_TYPE = "GLORA";

  private static final List<String> WORDS = List.of("lora", "vector", "constant", "none");

  private static final SettingsFile<GLoraConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, GLoraConfig.class, GLoraConfig::builder)
          .size("r", 8, GLoraConfig::r, Builder::r)
          .choice("config_A_B", GLoraPath.LORA, WORDS, GLoraConfig::ab, Builder::ab)
          .choice("config_C", GLoraPath.LORA, WORDS, GLoraConfig::c, Builder::c)
          .choice("config_D_E", GLoraPath.CONSTANT, WORDS, GLoraConfig::de, Builder::de)
          .flagAtStart("init_weights", true, GLoraConfig::initWeights, Builder::initWeights)
          .bias("glora_only");

  /** Creates it for {@link java.util.ServiceLoader}. */
  public GLoraTuner() {
    super(GLoraConfig.class, GLora.class, FILE, List.of(Linear.class));
  }

  @Override
  protected TunerLayer layer(String path, Linear layer, GLoraConfig config, TunerContext context) {
    return new GLoraLayer(layer, config, context.rng());
  }
}
