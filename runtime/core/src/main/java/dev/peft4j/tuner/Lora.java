package dev.peft4j.tuner;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Init;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.io.PythonJson;
import dev.peft4j.log.Log;
import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.target.Names;
import dev.peft4j.target.PatternKeys;
import dev.peft4j.target.TargetMatcher;
import dev.peft4j.target.TargetSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Low-rank adaptation (Hu et al. 2021), peft's {@code LORA}: a layer computes W·x + b +
 * s·B·A·drop(x) with s = alpha / r. A starts random and B at zero, so that training starts from the
 * base model.
 *
 * <table>
 *   <caption>Shapes</caption>
 *   <tr><td>Linear, TransposedLinear (in → out)</td><td>A (r, in), B (out, r)</td></tr>
 *   <tr><td>Embedding (n rows of dim)</td><td>A (r, n), B (dim, r); here A starts at zero and B at N(0, 1)</td></tr>
 *   <tr><td>Conv1d (in → out, k)</td><td>A (r, in, k), B (out, r, 1)</td></tr>
 *   <tr><td>Conv2d (in → out, k × k)</td><td>A (r, in, k, k), B (out, r, 1, 1)</td></tr>
 * </table>
 *
 * <p>What it computes is in {@link LoraLayer}, what differs from layer to layer in {@link
 * LoraKind}, and how it starts in {@link LoraStart}.
 */
@AutoService(Tuner.class)
public final class Lora implements Tuner {
  /** peft's name. */
  public static final String PEFT_TYPE = "LORA";

  /** Settings that are carried out, or that change nothing about what is computed. */
  private static final Set<String> HANDLED =
      Set.of(
          "r",
          "lora_alpha",
          "lora_dropout",
          "bias",
          "use_rslora",
          "init_lora_weights",
          "target_modules",
          "exclude_modules",
          "modules_to_save",
          "rank_pattern",
          "alpha_pattern",
          "layers_to_transform",
          "layers_pattern",
          "task_type",
          "base_model_name_or_path",
          "peft_type",
          "peft_version",
          "auto_mapping",
          "inference_mode",
          "revision",
          "megatron_core",
          "qalora_group_size",
          "use_dora",
          "eva_config",
          "corda_config",
          "loftq_config",
          "lora_ga_config",
          "velora_config",
          "monteclora_config",
          "lora_bias",
          "fan_in_fan_out",
          "ensure_weight_tying",
          "trainable_token_indices");

  private static final Log LOG = Log.of(AdapterSet.class);
  private static final Pattern PISSA = Pattern.compile("pissa(?:_niter_(\\d{1,4}))?");

  /** A rank that is taken from settings without a look at the weights. */
  private static final int PLAUSIBLE_RANK = 4096;

  /** For {@link java.util.ServiceLoader}. */
  public Lora() {}

  @Override
  public String peftType() {
    return PEFT_TYPE;
  }

  @Override
  public String layerType(Module layer) {
    return layer instanceof TransposedLinear ? "lora.Linear" : Tuner.super.layerType(layer);
  }

  @Override
  public List<Class<? extends Module>> layerTypes() {
    return LoraKind.TYPES;
  }

  @Override
  public <L extends Module & Adaptable> TunerLayer attach(
      String path, L layer, PeftConfig config, Rng rng) {
    LoraConfig lora = (LoraConfig) config;
    List<Integer> tokens = tokensOf(path, lora, layer instanceof Embedding);
    if (tokens != null) {
      return TrainableTokens.rows(path, layer, tokens, true, "token_adapter.", rng);
    }
    LoraKind kind = LoraKind.of(layer);
    if (kind == null) {
      throw new IllegalArgumentException(
          "LoRA cannot adapt '"
              + path
              + "' of type "
              + layer.getClass().getSimpleName()
              + "; it adapts "
              + LoraKind.TYPES.stream().map(Class::getSimpleName).toList());
    }
    return new LoraLayer(path, kind, lora, rng);
  }

  /**
   * The tokens that are trained in the layer at {@code path}, or null if it is a target like
   * others.
   *
   * @param embedding whether it may be the model's input embedding
   */
  private static @Nullable List<Integer> tokensOf(String path, LoraConfig lora, boolean embedding) {
    if (lora.trainableTokens().isEmpty()) {
      return null;
    }
    List<Integer> ofInput = lora.trainableTokens().get(LoraConfig.INPUT_EMBEDDING);
    boolean isNamed =
        Names.ends(List.of(path)).stream().anyMatch(lora.trainableTokens()::containsKey);
    if (!(ofInput != null && embedding) && !isNamed) {
      return null;
    }
    boolean target = new TargetMatcher(lora.targets()).match(path, false).targeted();
    for (Map.Entry<String, List<Integer>> e : lora.trainableTokens().entrySet()) {
      boolean named =
          !e.getKey().equals(LoraConfig.INPUT_EMBEDDING) && Names.names(e.getKey(), path);
      if (named && target) {
        throw new IllegalArgumentException(
            "'"
                + path
                + "' is a target of LoRA and has trainable tokens: one adapter does one of them");
      }
      if (named) {
        return e.getValue();
      }
    }
    // no target, so it was attached for its tokens
    return target || lora.targets().allLinear() ? null : ofInput;
  }

  @Override
  public List<String> unusedSettings(PeftConfig config, Collection<String> paths) {
    LoraConfig lora = (LoraConfig) config;
    List<String> unused = new ArrayList<>();
    unused(lora.rankPattern(), paths).forEach(key -> unused.add("rank pattern '" + key + "'"));
    unused(lora.alphaPattern(), paths).forEach(key -> unused.add("alpha pattern '" + key + "'"));
    return unused;
  }

  private static Set<String> unused(SequencedMap<String, ?> patterns, Collection<String> paths) {
    PatternKeys keys = PatternMap.of(patterns).keys();
    Set<String> left = new LinkedHashSet<>(patterns.keySet());
    for (String path : paths) {
      String key = keys.first(path);
      if (key != null) {
        left.remove(key);
      }
    }
    return left;
  }

  // ---- the file

  @Override
  public LoraConfig read(AdapterConfig file) throws IOException {
    ObjectNode known = PeftFormat.loraDefaults();
    file.warnUnknownKeys(known.properties().stream().map(Map.Entry::getKey).toList());
    file.requireDefaults(known, HANDLED);
    for (String key : List.of("velora_config", "monteclora_config")) {
      if (file.get(key).isObject()) {
        LOG.warn(
            "{}: {} matters in training only, and here it is trained without", file.file(), key);
      }
    }
    LoraConfig.Builder b = LoraConfig.builder();
    b.r(file.positiveInteger("r", 8)).alpha(file.number("lora_alpha", 8));
    b.dropout(file.anyDropout("lora_dropout", 0)).rslora(file.flag("use_rslora", false));
    b.dora(file.flag("use_dora", false)).loraBias(file.flag("lora_bias", false));
    b.fanInFanOut(file.flag("fan_in_fan_out", false))
        .ensureWeightTying(file.flag("ensure_weight_tying", false));
    String bias = file.choice("bias", "none", List.of("none", "all", "lora_only"));
    b.bias(Bias.valueOf(bias.toUpperCase(Locale.ROOT)));
    readInit(file, b);
    SequencedMap<String, Integer> ranks = file.positiveIntegers("rank_pattern");
    ranks.forEach(b::rankPattern);
    SequencedMap<String, Double> alphas = file.numbers("alpha_pattern");
    alphas.forEach(b::alphaPattern);
    file.expressions("rank_pattern", () -> new PatternKeys(ranks.keySet()));
    file.expressions("alpha_pattern", () -> new PatternKeys(alphas.keySet()));
    readTokens(file, b);
    TargetFields fields = TargetFields.read(file);
    b.targets(fields.targets()).taskType(fields.taskType()).baseModel(fields.baseModel());
    return file.checked(b::build);
  }

  @Override
  public PeftConfig forModel(PeftConfig config, String modelType) {
    TargetSpec t = config.targets();
    return TargetsByModel.isLeftOpen(t)
        ? config.withTargets(TargetsByModel.of(PEFT_TYPE, modelType, t))
        : config;
  }

  private static void readInit(AdapterConfig file, LoraConfig.Builder b) throws IOException {
    JsonNode init = file.get("init_lora_weights");
    if (init.isMissingNode() || init.isNull() || init.isBoolean()) {
      b.init(init.isBoolean() && !init.booleanValue() ? Init.RANDOM : Init.DEFAULT);
      return;
    }
    String text = init.isTextual() ? init.textValue() : "";
    Matcher pissa = PISSA.matcher(text);
    if (pissa.matches()) {
      b.init(Init.PISSA);
      if (pissa.group(1) != null) {
        b.pissa(Integer.parseInt(pissa.group(1)));
      }
      return;
    }
    switch (text.toLowerCase(Locale.ROOT)) {
      case "gaussian" -> b.init(Init.GAUSSIAN);
      case "olora" -> b.init(Init.OLORA);
      case "orthogonal" -> b.init(Init.ORTHOGONAL);
      case "eva" -> b.init(Init.DEFAULT); // it differs in what a new adapter starts from
      case "mica" -> {
        b.init(Init.DEFAULT);
        LOG.warn("{}: init_lora_weights is \"mica\": trained here, B is trained, too", file.file());
      }
      case "corda", "lora_ga", "loftq" -> {
        b.init(Init.DEFAULT);
        LOG.warn(
            "{}: init_lora_weights is \"{}\", which also changes the base's weights when an adapter"
                + " is made: the base has to be the one that was saved with this adapter, and is"
                + " taken as it is",
            file.file(),
            text);
      }
      default ->
          throw file.wrong(
              "init_lora_weights",
              init,
              "true, false, \"gaussian\", \"orthogonal\", \"pissa\", \"pissa_niter_N\" or"
                  + " \"olora\"; \"eva\", \"corda\", \"lora_ga\", \"loftq\" and \"mica\" are read"
                  + " as true");
    }
  }

  private static void readTokens(AdapterConfig file, LoraConfig.Builder b) throws IOException {
    JsonNode tokens = file.get("trainable_token_indices");
    if (tokens.isObject()) {
      for (Map.Entry<String, List<Integer>> e :
          file.indicesByText("trainable_token_indices").entrySet()) {
        b.trainableTokens(e.getKey(), e.getValue().stream().mapToInt(Integer::intValue).toArray());
      }
    } else if (!tokens.isMissingNode() && !tokens.isNull()) {
      List<Integer> ids = file.indices("trainable_token_indices");
      b.trainableTokens(
          ids == null ? new int[0] : ids.stream().mapToInt(Integer::intValue).toArray());
    }
  }

  @Override
  public ObjectNode write(PeftConfig config) {
    LoraConfig c = (LoraConfig) config;
    ObjectNode tree = PeftFormat.loraDefaults();
    tree.put("r", c.r());
    tree.set("lora_alpha", PythonJson.number(c.alpha()));
    tree.put("lora_dropout", c.dropout());
    tree.put("use_rslora", c.rslora());
    tree.put("use_dora", c.dora());
    tree.put("lora_bias", c.loraBias());
    tree.put("fan_in_fan_out", c.fanInFanOut());
    tree.put("ensure_weight_tying", Boolean.TRUE.equals(c.ensureWeightTying()));
    tree.put("bias", c.bias().configName());
    switch (c.init()) {
      case DEFAULT -> tree.put("init_lora_weights", true);
      case RANDOM -> tree.put("init_lora_weights", false);
      case PISSA ->
          tree.put(
              "init_lora_weights",
              c.pissaIterations() < 0 ? "pissa" : "pissa_niter_" + c.pissaIterations());
      case GAUSSIAN, ORTHOGONAL, OLORA ->
          tree.put("init_lora_weights", c.init().name().toLowerCase(Locale.ROOT));
    }
    ObjectNode ranks = tree.putObject("rank_pattern");
    c.rankPattern().forEach(ranks::put);
    ObjectNode alphas = tree.putObject("alpha_pattern");
    c.alphaPattern().forEach((key, value) -> alphas.set(key, PythonJson.number(value)));
    List<Integer> input = c.trainableTokens().get(LoraConfig.INPUT_EMBEDDING);
    if (input != null) {
      input.forEach(tree.putArray("trainable_token_indices")::add);
    } else if (!c.trainableTokens().isEmpty()) {
      ObjectNode tokens = tree.putObject("trainable_token_indices");
      c.trainableTokens().forEach((name, ids) -> ids.forEach(tokens.putArray(name)::add));
    }
    TargetFields.write(c, tree);
    return tree;
  }

  @Override
  public void requireSame(String path, PeftConfig present, PeftConfig file) {
    double here = ((LoraConfig) present).scaleOf(path);
    double there = ((LoraConfig) file).scaleOf(path);
    if (here != there) {
      throw new IllegalArgumentException(
          "the adapter in the file scales '"
              + path
              + "' by "
              + there
              + ", this model by "
              + here
              + ": r, lora_alpha, use_rslora and the patterns must agree");
    }
    LoraConfig a = (LoraConfig) present;
    LoraConfig b = (LoraConfig) file;
    same(path, "use_dora", a.dora(), b.dora());
    same(path, "lora_bias", a.loraBias(), b.loraBias());
    same(path, "trainable tokens", tokensOf(path, a, true), tokensOf(path, b, true));
    same(
        path,
        "the part of the weight that it starts from (init_lora_weights)",
        origin(a),
        origin(b));
  }

  /** A rank is a size of each matrix. */
  @Override
  public void requireSize(PeftConfig config, Map<String, Shape> weights) {
    LoraConfig lora = (LoraConfig) config;
    int rank = lora.r();
    for (int r : lora.rankPattern().values()) {
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

  private static void same(
      String path, String setting, @Nullable Object here, @Nullable Object there) {
    if (!Objects.equals(here, there)) {
      throw new IllegalArgumentException(
          "the adapter in the file differs for '"
              + path
              + "' in "
              + setting
              + ": "
              + there
              + ", this model has "
              + here);
    }
  }

  /**
   * What an adapter computes depends on how it started only if a part of the weight was taken off.
   */
  private static String origin(LoraConfig c) {
    return switch (c.init()) {
      case PISSA -> "PISSA " + c.pissaIterations();
      case OLORA -> "OLORA";
      default -> "none";
    };
  }
}
