package dev.peft4j.tuner.hira;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Conv1d;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Conv3d;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tuner.SavedPatterns;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.hira.HiraConfig.Builder;
import java.util.Collection;
import java.util.List;

/**
 * High-rank adaptation by Hadamard products (Huang et al. 2025), peft's {@code HIRA}: the layer's
 * weight gets W ⊙ (B·A), which may have a high rank although A and B are thin. B starts at zero, so
 * that training starts from the base model.
 *
 * <table>
 *   <caption>Shapes</caption>
 *   <tr><td>Linear, TransposedLinear (in → out)</td><td>A (r, in), B (out, r)</td></tr>
 *   <tr><td>Embedding (n rows of dim)</td><td>A (r, n), B (dim, r); here A starts at zero and B at N(0, 1)</td></tr>
 *   <tr><td>convolutions (in → out, k…)</td><td>A (r, in, k…), B (out, r, 1…)</td></tr>
 * </table>
 */
@AutoService(Tuner.class)
public final class HiraTuner extends SettingsTuner<HiraConfig, WeightedLayer> {
  /** peft's name. */
  public static final String PEFT_TYPE = "HIRA";

  private static final List<Class<? extends WeightedLayer>> LAYERS =
      List.of(
          Linear.class,
          TransposedLinear.class,
          Embedding.class,
          Conv1d.class,
          Conv2d.class,
          Conv3d.class);

  private static final SettingsFile<HiraConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, HiraConfig.class, HiraConfig::builder)
          .size("r", 32, HiraConfig::r, Builder::r)
          .dropout("hira_dropout", HiraConfig::dropout, Builder::dropout)
          .choiceAtStart(
              "init_weights",
              HiraStart.DEFAULT,
              List.of("true", "false", "gaussian"),
              HiraConfig::start,
              Builder::start)
          .sizePattern("rank_pattern", "r", HiraConfig::rankPattern, Builder::rankPattern)
          .fanInFanOut()
          .exclude()
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public HiraTuner() {
    super(HiraConfig.class, Hira.class, FILE, LAYERS);
  }

  @Override
  protected TunerLayer layer(
      String path, WeightedLayer layer, HiraConfig config, TunerContext context) {
    return new HiraLayer(layer, config, context.rng());
  }

  @Override
  public HiraConfig saved(HiraConfig c, Collection<String> paths) {
    return c.withPatterns(SavedPatterns.of(c.rankPattern(), paths));
  }
}
