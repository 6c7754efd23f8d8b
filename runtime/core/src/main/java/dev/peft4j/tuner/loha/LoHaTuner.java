package dev.peft4j.tuner.loha;

import com.google.auto.service.AutoService;
import dev.peft4j.data.Shape;
import dev.peft4j.nn.Conv1d;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tuner.SavedPatterns;
import dev.peft4j.tuner.SettingChecks;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.loha.LoHaConfig.Builder;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * Low-rank Hadamard products (Hyeon-Woo et al. 2021, FedPara), peft's {@code LOHA}: the layer's
 * weight gets s·(w1_a·w1_b) ⊙ (w2_a·w2_b) with s = alpha / r, whose rank may be r². w2_b starts at
 * zero and the others random, so that training starts from the base model.
 *
 * <table>
 *   <caption>Shapes</caption>
 *   <tr><td>Linear (in → out)</td><td>w1_a, w2_a (out, r); w1_b, w2_b (r, in)</td></tr>
 *   <tr><td>Conv1d (in → out, k)</td><td>w1_a, w2_a (out, r); w1_b, w2_b (r, in·k)</td></tr>
 *   <tr><td>Conv2d (in → out, k × k)</td><td>w1_a, w2_a (out, r); w1_b, w2_b (r, in·k·k)</td></tr>
 *   <tr><td>effective convolutions, k &gt; 1</td>
 *     <td>t1, t2 (r, r, k, k), of Conv1d (r, r, k, 1); w1_a, w2_a (r, out); w1_b, w2_b (r, in)</td></tr>
 * </table>
 */
@AutoService(Tuner.class)
public final class LoHaTuner extends SettingsTuner<LoHaConfig, WeightedLayer> {
  /** peft's name. */
  public static final String PEFT_TYPE = "LOHA";

  private static final SettingsFile<LoHaConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, LoHaConfig.class, LoHaConfig::builder)
          .size("r", 8, LoHaConfig::r, Builder::r)
          .number("alpha", 8, LoHaConfig::alpha, Builder::alpha)
          .dropout("rank_dropout", LoHaConfig::rankDropout, Builder::rankDropout)
          .dropout("module_dropout", LoHaConfig::moduleDropout, Builder::moduleDropout)
          .flag(
              "use_effective_conv2d",
              false,
              LoHaConfig::useEffectiveConv2d,
              Builder::useEffectiveConv2d)
          .flagAtStart("init_weights", true, LoHaConfig::initWeights, Builder::initWeights)
          .sizePattern("rank_pattern", "r", LoHaConfig::rankPattern, Builder::rankPattern)
          .numberPattern("alpha_pattern", "alpha", LoHaConfig::alphaPattern, Builder::alphaPattern)
          .exclude()
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public LoHaTuner() {
    super(LoHaConfig.class, LoHa.class, FILE, List.of(Linear.class, Conv1d.class, Conv2d.class));
  }

  @Override
  public String parameterPrefix() {
    return "hada_";
  }

  @Override
  public String modelType() {
    return "LoHaModel";
  }

  @Override
  protected TunerLayer layer(
      String path, WeightedLayer layer, LoHaConfig config, TunerContext context) {
    return new LoHaLayer(path, layer, config, context.rng());
  }

  @Override
  public LoHaConfig saved(LoHaConfig c, Collection<String> paths) {
    return c.withPatterns(
        SavedPatterns.of(c.rankPattern(), paths), SavedPatterns.of(c.alphaPattern(), paths));
  }

  @Override
  public void requireSame(String path, LoHaConfig present, LoHaConfig file) {
    double here = present.scaleOf(path);
    double there = file.scaleOf(path);
    if (here != there) {
      throw new IllegalArgumentException(
          "the adapter in the file scales '"
              + path
              + "' by "
              + there
              + ", this model by "
              + here
              + ": r, alpha and the patterns must agree");
    }
  }

  @Override
  public void requireSize(LoHaConfig c, Map<String, Shape> weights) {
    SettingChecks.ranks(c.r(), c.rankPattern().values(), weights);
  }
}
