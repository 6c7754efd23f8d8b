package dev.peft4j.tuner.loha;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.data.Shape;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.io.PythonJson;
import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.Conv1d;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.target.PatternKeys;
import dev.peft4j.tuner.PatternMap;
import dev.peft4j.tuner.SavedPatterns;
import dev.peft4j.tuner.TargetFields;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import java.io.IOException;
import java.lang.annotation.Annotation;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

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
public final class LoHaTuner implements Tuner<LoHaConfig> {
  /** peft's name. */
  public static final String PEFT_TYPE = "LOHA";

  private static final List<Class<? extends Module>> LAYERS =
      List.of(Linear.class, Conv1d.class, Conv2d.class);

  /** A rank that is taken from settings without a look at the weights. */
  private static final int PLAUSIBLE_RANK = 4096;

  /** Creates it for {@link java.util.ServiceLoader}. */
  public LoHaTuner() {}

  @Override
  public String peftType() {
    return PEFT_TYPE;
  }

  @Override
  public Class<LoHaConfig> configType() {
    return LoHaConfig.class;
  }

  @Override
  public Class<? extends Annotation> annotation() {
    return LoHa.class;
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
  public List<Class<? extends Module>> layerTypes() {
    return LAYERS;
  }

  @Override
  public <L extends Module & Adaptable> TunerLayer attach(
      String path, L layer, LoHaConfig config, TunerContext context) {
    return switch (layer) {
      case Linear l -> new LoHaLayer(path, l, config, context.rng());
      case Conv1d l -> new LoHaLayer(path, l, config, context.rng());
      case Conv2d l -> new LoHaLayer(path, l, config, context.rng());
      default ->
          throw new IllegalArgumentException(
              "LoHa cannot adapt '"
                  + path
                  + "' of type "
                  + layer.getClass().getSimpleName()
                  + "; it adapts "
                  + LAYERS.stream().map(Class::getSimpleName).toList());
    };
  }

  @Override
  public List<String> unusedSettings(LoHaConfig config, Collection<String> paths) {
    List<String> unused = new ArrayList<>();
    PatternMap.of(config.rankPattern())
        .unused(paths)
        .forEach(key -> unused.add("rank pattern '" + key + "'"));
    PatternMap.of(config.alphaPattern())
        .unused(paths)
        .forEach(key -> unused.add("alpha pattern '" + key + "'"));
    return unused;
  }

  // ---- the file

  private static ObjectNode defaults() {
    ObjectNode tree = PeftFormat.defaults(PEFT_TYPE);
    tree.put("alpha", 8);
    tree.putObject("alpha_pattern");
    tree.putNull("exclude_modules");
    tree.put("init_weights", true);
    tree.putNull("layers_pattern");
    tree.putNull("layers_to_transform");
    tree.put("module_dropout", 0.0);
    tree.putNull("modules_to_save");
    tree.put("r", 8);
    tree.put("rank_dropout", 0.0);
    tree.putObject("rank_pattern");
    tree.putNull("target_modules");
    tree.put("use_effective_conv2d", false);
    return tree;
  }

  @Override
  public LoHaConfig read(AdapterConfig file) throws IOException {
    file.warnUnknownKeys(defaults().properties().stream().map(Map.Entry::getKey).toList());
    TargetFields fields = TargetFields.read(file);
    SequencedMap<String, Integer> ranks = file.positiveIntegers("rank_pattern");
    SequencedMap<String, Double> alphas = file.numbers("alpha_pattern");
    file.expressions("rank_pattern", () -> new PatternKeys(ranks.keySet()));
    file.expressions("alpha_pattern", () -> new PatternKeys(alphas.keySet()));
    return file.checked(
        () ->
            new LoHaConfig(
                file.positiveInteger("r", 8),
                file.number("alpha", 8),
                file.anyDropout("rank_dropout", 0),
                file.anyDropout("module_dropout", 0),
                file.flag("use_effective_conv2d", false),
                file.flag("init_weights", true),
                fields.targets(),
                ranks,
                alphas,
                fields.taskType(),
                fields.baseModel()));
  }

  @Override
  public ObjectNode write(LoHaConfig c) {
    ObjectNode tree = defaults();
    tree.put("r", c.r());
    tree.set("alpha", PythonJson.number(c.alpha()));
    tree.put("rank_dropout", c.rankDropout());
    tree.put("module_dropout", c.moduleDropout());
    tree.put("use_effective_conv2d", c.useEffectiveConv2d());
    tree.put("init_weights", c.initWeights());
    ObjectNode ranks = tree.putObject("rank_pattern");
    c.rankPattern().forEach(ranks::put);
    ObjectNode alphas = tree.putObject("alpha_pattern");
    c.alphaPattern().forEach((key, value) -> alphas.set(key, PythonJson.number(value)));
    TargetFields.write(c, tree);
    return tree;
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

  /** Throws if a rank is above the sizes of the weights: it is a size of each factor. */
  @Override
  public void requireSize(LoHaConfig config, Map<String, Shape> weights) {
    int rank = config.r();
    for (int r : config.rankPattern().values()) {
      rank = Math.max(rank, r);
    }
    int largest = 0;
    for (Shape shape : weights.values()) {
      for (int d : shape.toArray()) {
        largest = Math.max(largest, d);
      }
    }
    if (rank > PLAUSIBLE_RANK && rank > largest) {
      throw new IllegalArgumentException(
          "a rank (r or rank_pattern) is "
              + rank
              + ", but the weights have no size above "
              + largest);
    }
  }
}
