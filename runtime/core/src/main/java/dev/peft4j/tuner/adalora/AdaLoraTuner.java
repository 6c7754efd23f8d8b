package dev.peft4j.tuner.adalora;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.auto.service.AutoService;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tuner.AdapterTraining;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.adalora.AdaLoraConfig.Builder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Adaptive budget allocation (Zhang et al. 2023), peft's {@code ADALORA}: a layer computes W·x + b
 * + s·B·diag(E)·A·x with s = alpha / init_r. A and B start random and E at zero. While it is
 * trained, ranks of all layers are rated, and those that matter least are taken away until {@code
 * targetR} a layer are left, see {@link RankAllocation}; a part of the loss keeps A and B
 * orthogonal. A {@link dev.peft4j.train.Trainer} does both by itself.
 *
 * <p>A is (r, in), of Conv2d (r, in · k · k); B (out, r); E (r, 1). Once the schedule has ended,
 * files have only the ranks that are left, and the settings say which ({@code rank_pattern}).
 */
@AutoService(Tuner.class)
public final class AdaLoraTuner extends SettingsTuner<AdaLoraConfig, WeightedLayer> {
  /** peft's name. */
  public static final String PEFT_TYPE = "ADALORA";

  private static final String RANK_PATTERN = "rank_pattern";
  private static final String SINGULAR = ".lora_E";

  private static final SettingsFile<AdaLoraConfig, Builder> FILE = file();

  private static SettingsFile<AdaLoraConfig, Builder> file() {
    SettingsFile<AdaLoraConfig, Builder> file =
        SettingsFile.of(PEFT_TYPE, AdaLoraConfig.class, AdaLoraConfig::builder)
            .integer("init_r", 12, 1, AdaLoraConfig::initR, Builder::initR)
            .integerAtStart("target_r", 8, 0, AdaLoraConfig::targetR, Builder::targetR)
            .number("lora_alpha", 8, AdaLoraConfig::alpha, Builder::alpha)
            .dropout("lora_dropout", AdaLoraConfig::dropout, Builder::dropout)
            .integerAtStart("total_step", 0, 1, AdaLoraConfig::totalStep, Builder::totalStep)
            .integerAtStart("tinit", 0, 0, AdaLoraConfig::tinit, Builder::tinit)
            .integerAtStart("tfinal", 0, 0, AdaLoraConfig::tfinal, Builder::tfinal)
            .integerAtStart("deltaT", 1, 1, AdaLoraConfig::deltaT, Builder::deltaT)
            .decimalAtStart("beta1", 0.85, AdaLoraConfig::beta1, Builder::beta1)
            .decimalAtStart("beta2", 0.85, AdaLoraConfig::beta2, Builder::beta2)
            .decimalAtStart(
                "orth_reg_weight", 0.5, AdaLoraConfig::orthRegWeight, Builder::orthRegWeight)
            .flagAtStart(
                "init_lora_weights", true, AdaLoraConfig::initWeights, Builder::initWeights)
            .fanInFanOut()
            .bias("lora_only")
            .exclude()
            .layers()
            .ignored("r", IntNode.valueOf(8))
            .ignored(RANK_PATTERN, NullNode.instance)
            .ignored("alpha_pattern", JsonNodeFactory.instance.objectNode())
            .ignored("megatron_core", TextNode.valueOf("megatron.core"))
            .ignored("qalora_group_size", IntNode.valueOf(16))
            .only("loftq_config", JsonNodeFactory.instance.objectNode());
    // what the settings of LoRA have besides, and AdaLoRA does not
    for (String key :
        List.of(
            "alora_invocation_tokens",
            "arrow_config",
            "corda_config",
            "eva_config",
            "kasa_config",
            "layer_replication",
            "lora_ga_config",
            "megatron_config",
            "monteclora_config",
            "target_parameters",
            "trainable_token_indices",
            "use_bdlora",
            "velora_config")) {
      file.only(key, NullNode.instance);
    }
    for (String key :
        List.of("ensure_weight_tying", "lora_bias", "use_dora", "use_qalora", "use_rslora")) {
      file.only(key, BooleanNode.FALSE);
    }
    return file;
  }

  /** Creates it for {@link java.util.ServiceLoader}. */
  public AdaLoraTuner() {
    super(
        AdaLoraConfig.class,
        AdaLora.class,
        FILE,
        List.of(Linear.class, TransposedLinear.class, Conv2d.class));
  }

  @Override
  public String parameterPrefix() {
    return "lora_";
  }

  @Override
  public String modelType() {
    return "AdaLoraModel";
  }

  @Override
  protected TunerLayer layer(
      String path, WeightedLayer layer, AdaLoraConfig config, TunerContext context) {
    return new AdaLoraLayer(path, layer, config, context.rng());
  }

  @Override
  public AdapterTraining training(AdaLoraConfig config, SequencedMap<String, TunerLayer> layers) {
    return new RankAllocation(config, layers);
  }

  // ---- the file

  @Override
  public AdaLoraConfig read(AdapterConfig file) throws IOException {
    AdaLoraConfig config = super.read(file);
    JsonNode pattern = file.get(RANK_PATTERN);
    if (!pattern.isObject()) {
      return config;
    }
    SequencedMap<String, List<Boolean>> left = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> e : pattern.properties()) {
      List<Boolean> ranks = new ArrayList<>();
      for (JsonNode rank : e.getValue()) {
        if (!rank.isBoolean()) {
          throw file.wrong(RANK_PATTERN + "[" + e.getKey() + "]", rank, "true or false");
        }
        ranks.add(rank.booleanValue());
      }
      int at = e.getKey().lastIndexOf(SINGULAR);
      if (at < 0) {
        throw file.wrong(RANK_PATTERN, TextNode.valueOf(e.getKey()), "names that end in lora_E");
      }
      left.put(e.getKey().substring(0, at), List.copyOf(ranks));
    }
    return config.withRankPattern(left);
  }

  @Override
  public ObjectNode write(AdaLoraConfig config) {
    ObjectNode tree = super.write(config);
    if (!config.rankPattern().isEmpty()) {
      ObjectNode pattern = tree.putObject(RANK_PATTERN);
      config
          .rankPattern()
          .forEach(
              (path, left) -> {
                ArrayNode ranks = pattern.putArray(path + SINGULAR);
                left.forEach(ranks::add);
              });
    }
    return tree;
  }

  /** Adds which ranks are left once the schedule has ended. */
  @Override
  public AdaLoraConfig trained(AdaLoraConfig config, SequencedMap<String, TunerLayer> layers) {
    SequencedMap<String, List<Boolean>> left = new LinkedHashMap<>();
    layers.forEach(
        (path, layer) -> {
          boolean[] ranks = layer instanceof AdaLoraLayer l ? l.left() : null;
          if (ranks != null) {
            List<Boolean> list = new ArrayList<>();
            for (boolean rank : ranks) {
              list.add(rank);
            }
            left.put(path, list);
          }
        });
    return left.isEmpty() ? config : config.withRankPattern(left);
  }
}
