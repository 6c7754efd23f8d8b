package dev.peft4j.tuner.lokr;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Conv1d;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tuner.SavedPatterns;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.lokr.LoKrConfig.Builder;
import java.util.Collection;
import java.util.List;

/**
 * Low-rank Kronecker products (Yeh et al. 2023, LyCORIS), peft's {@code LOKR}: the layer's weight
 * gets s · kron(w1, w2) with s = alpha / r. Outputs are split into l · k and inputs into m · n; w1
 * is (l, m), and w2 (k, n), each whole or a product of two thin matrices.
 *
 * <table>
 *   <caption>Shapes of w2</caption>
 *   <tr><td>r at least half of the larger of k and n</td><td>w2 (k, n, kernel…)</td></tr>
 *   <tr><td>else</td><td>w2_a (k, r), w2_b (r, n · kernel)</td></tr>
 *   <tr><td>effective convolutions, kernel &gt; 1</td>
 *     <td>t2 (r, r, kernel…), w2_a (r, k), w2_b (r, n)</td></tr>
 * </table>
 */
@AutoService(Tuner.class)
public final class LoKrTuner extends SettingsTuner<LoKrConfig, WeightedLayer> {
  /** peft's name. */
  public static final String PEFT_TYPE = "LOKR";

  private static final SettingsFile<LoKrConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, LoKrConfig.class, LoKrConfig::builder)
          .size("r", 8, LoKrConfig::r, Builder::r)
          .number("alpha", 8, LoKrConfig::alpha, Builder::alpha)
          .dropout("rank_dropout", LoKrConfig::rankDropout, Builder::rankDropout)
          .flagAtStart(
              "rank_dropout_scale", false, LoKrConfig::rankDropoutScale, Builder::rankDropoutScale)
          .dropout("module_dropout", LoKrConfig::moduleDropout, Builder::moduleDropout)
          .flag(
              "use_effective_conv2d",
              false,
              LoKrConfig::useEffectiveConv2d,
              Builder::useEffectiveConv2d)
          .flag("decompose_both", false, LoKrConfig::decomposeBoth, Builder::decomposeBoth)
          .integer(
              "decompose_factor", -1, -1, LoKrConfig::decomposeFactor, Builder::decomposeFactor)
          .choiceAtStart(
              "init_weights",
              LoKrStart.DEFAULT,
              List.of("true", "false", "lycoris"),
              LoKrConfig::start,
              Builder::start)
          .sizePattern("rank_pattern", "r", LoKrConfig::rankPattern, Builder::rankPattern)
          .numberPattern("alpha_pattern", "alpha", LoKrConfig::alphaPattern, Builder::alphaPattern)
          .exclude()
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public LoKrTuner() {
    super(LoKrConfig.class, LoKr.class, FILE, List.of(Linear.class, Conv1d.class, Conv2d.class));
  }

  @Override
  public String parameterPrefix() {
    return "lokr_";
  }

  @Override
  public String modelType() {
    return "LoKrModel";
  }

  @Override
  protected TunerLayer layer(
      String path, WeightedLayer layer, LoKrConfig config, TunerContext context) {
    return new LoKrLayer(path, layer, config, context.rng());
  }

  @Override
  public LoKrConfig saved(LoKrConfig c, Collection<String> paths) {
    return c.withPatterns(
        SavedPatterns.of(c.rankPattern(), paths), SavedPatterns.of(c.alphaPattern(), paths));
  }
}
