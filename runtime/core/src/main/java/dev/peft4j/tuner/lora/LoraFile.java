package dev.peft4j.tuner.lora;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Init;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.io.PythonJson;
import dev.peft4j.log.Log;
import dev.peft4j.target.PatternKeys;
import dev.peft4j.tuner.TargetFields;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** LoRA's settings in peft's {@code adapter_config.json}. */
final class LoraFile {
  /** Every key that peft writes, with its default. */
  private static final ObjectNode DEFAULTS =
      PeftFormat.resource(LoraFile.class, "config_defaults.json");

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
          "kasa_config",
          "use_bdlora",
          "alora_invocation_tokens",
          "lora_bias",
          "fan_in_fan_out",
          "ensure_weight_tying",
          "arrow_config",
          "target_parameters",
          "layer_replication",
          "trainable_token_indices");

  /** Settings of starts that need data: kept as they are. */
  private static final List<String> OF_STARTS =
      List.of("eva_config", "corda_config", "lora_ga_config");

  private static final Log LOG = Log.of(LoraFile.class);
  private static final Pattern PISSA = Pattern.compile("pissa(?:_niter_(\\d{1,4}))?");

  private LoraFile() {}

  /** Reads the settings; see {@link LoraTuner#read}. */
  static LoraConfig read(AdapterConfig file) throws IOException {
    ObjectNode known = DEFAULTS;
    file.warnUnknownKeys(known.properties().stream().map(Map.Entry::getKey).toList());
    file.requireDefaults(known, HANDLED);
    LoraConfig.Builder b = LoraConfig.builder();
    b.r(file.positiveInteger("r", 8)).alpha(file.number("lora_alpha", 8));
    b.dropout(file.anyDropout("lora_dropout", 0)).rslora(file.flag("use_rslora", false));
    b.dora(file.flag("use_dora", false)).loraBias(file.flag("lora_bias", false));
    b.fanInFanOut(file.flag("fan_in_fan_out", false))
        .ensureWeightTying(file.flag("ensure_weight_tying", false));
    String bias = file.choice("bias", "none", List.of("none", "all", "lora_only"));
    b.bias(Bias.valueOf(bias.toUpperCase(Locale.ROOT)));
    readInit(file, b);
    b.variant(readVariant(file));
    for (String key : OF_STARTS) {
      if (file.get(key).isObject()) {
        b.startSettings(file.get(key).toString());
      }
    }
    SequencedMap<String, Integer> ranks = file.positiveIntegers("rank_pattern");
    ranks.forEach(b::rankPattern);
    SequencedMap<String, Double> alphas = file.numbers("alpha_pattern");
    alphas.forEach(b::alphaPattern);
    file.expressions("rank_pattern", () -> new PatternKeys(ranks.keySet()));
    file.expressions("alpha_pattern", () -> new PatternKeys(alphas.keySet()));
    readTokens(file, b);
    List<String> parameters = file.texts("target_parameters");
    if (parameters != null) {
      b.targetParameters(parameters.toArray(String[]::new));
    }
    readReplication(file, b);
    TargetFields fields = TargetFields.read(file);
    b.targets(fields.targets()).taskType(fields.taskType()).baseModel(fields.baseModel());
    return file.checked(b::build);
  }

  private static void readReplication(AdapterConfig file, LoraConfig.Builder b) throws IOException {
    JsonNode ranges = file.get("layer_replication");
    if (ranges.isMissingNode() || ranges.isNull()) {
      return;
    }
    for (JsonNode range : ranges) {
      boolean pair = range.size() == 2 && range.path(0).isInt() && range.path(1).isInt();
      if (!pair
          || range.path(0).intValue() < 0
          || range.path(1).intValue() <= range.path(0).intValue()) {
        throw file.wrong("layer_replication", ranges, "a list of pairs [from, to) of blocks");
      }
      b.layerReplication(range.path(0).intValue(), range.path(1).intValue());
    }
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
      case "eva" -> b.init(Init.EVA);
      case "mica" -> b.init(Init.MICA);
      case "corda", "lora_ga", "loftq" -> {
        b.init(
            switch (text.toLowerCase(Locale.ROOT)) {
              case "corda" -> Init.CORDA;
              case "lora_ga" -> Init.LORA_GA;
              default -> Init.DEFAULT;
            });
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
              "true, false, \"gaussian\", \"orthogonal\", \"pissa\", \"pissa_niter_N\", \"olora\""
                  + " or \"mica\"; \"eva\", \"corda\", \"lora_ga\" and \"loftq\" are read as true");
    }
  }

  private static @Nullable LoraVariant readVariant(AdapterConfig file) throws IOException {
    List<String> keys =
        Stream.of(
                "kasa_config",
                "use_bdlora",
                "velora_config",
                "monteclora_config",
                "arrow_config",
                "alora_invocation_tokens")
            .filter(key -> file.get(key).isObject() || file.get(key).isArray())
            .toList();
    if (keys.size() > 1) {
      throw file.wrong(keys.get(1), file.get(keys.get(1)), "null beside " + keys.getFirst());
    }
    if (keys.isEmpty()) {
      return null;
    }
    JsonNode c = file.get(keys.getFirst());
    if (keys.getFirst().equals("alora_invocation_tokens")
        && !file.get("task_type").asText().equals("CAUSAL_LM")) {
      throw file.wrong(keys.getFirst(), c, "null where task_type is not CAUSAL_LM");
    }
    return file.checked(
        () ->
            switch (keys.getFirst()) {
              case "alora_invocation_tokens" ->
                  new LoraVariant.Activated(
                      Objects.requireNonNull(file.indices("alora_invocation_tokens")));
              case "kasa_config" ->
                  new LoraVariant.Kasa(
                      c.path("beta").asDouble(1e-4), c.path("gamma").asDouble(1e-3));
              case "monteclora_config" ->
                  new LoraVariant.MonteClora(
                      c.path("num_samples").asInt(8),
                      c.path("sample_scaler").asDouble(1e-4),
                      c.path("buffer_size").asInt(150),
                      c.path("kl_loss_weight").asDouble(1e-5),
                      c.path("dirichlet_prior").asDouble(0.1),
                      c.path("use_entropy").asBoolean(false));
              case "arrow_config" ->
                  new LoraVariant.Arrow(
                      c.path("top_k").asInt(3),
                      c.path("router_temperature").asDouble(1),
                      texts(c.path("task_adapter_names")),
                      texts(c.path("gks_adapter_names")),
                      c.path("rng_seed").isNumber() ? c.path("rng_seed").asLong() : null);
              case "use_bdlora" ->
                  new LoraVariant.BlockDiagonal(
                      texts(c.path("target_modules_bd_a")),
                      texts(c.path("target_modules_bd_b")),
                      c.path("nblocks").asInt(1),
                      c.path("match_strict").asBoolean(true));
              default ->
                  new LoraVariant.Velora(
                      c.path("num_groups").asInt(64),
                      c.path("scale").asDouble(1),
                      LoraVariant.Velora.Direction.valueOf(
                          c.path("init_type").asText("batch_average").toUpperCase(Locale.ROOT)));
            });
  }

  private static JsonNode parsed(String json) {
    try {
      return new ObjectMapper().readTree(json);
    } catch (JacksonException e) {
      throw new IllegalArgumentException("start settings are no JSON: " + json, e);
    }
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(t -> texts.add(t.asText()));
    return texts;
  }

  private static void write(@Nullable LoraVariant variant, ObjectNode tree) {
    switch (variant) {
      case LoraVariant.Kasa k ->
          tree.putObject("kasa_config").put("beta", k.beta()).put("gamma", k.gamma());
      case LoraVariant.BlockDiagonal d -> {
        ObjectNode o = tree.putObject("use_bdlora");
        o.put("match_strict", d.strict()).put("nblocks", d.blocks());
        texts(o, "target_modules_bd_a", d.ofA());
        texts(o, "target_modules_bd_b", d.ofB());
      }
      case LoraVariant.Velora v ->
          tree.putObject("velora_config")
              .put("init_type", v.direction().name().toLowerCase(Locale.ROOT))
              .put("num_groups", v.groups())
              .put("scale", v.scale());
      case LoraVariant.Arrow a -> {
        ObjectNode o = tree.putObject("arrow_config");
        a.general().forEach(o.putArray("gks_adapter_names")::add);
        o.put("rng_seed", a.seed()).put("router_temperature", a.temperature());
        a.tasks().forEach(o.putArray("task_adapter_names")::add);
        o.put("top_k", a.topK()).put("use_gks", !a.general().isEmpty());
      }
      case LoraVariant.MonteClora m ->
          tree.putObject("monteclora_config")
              .put("buffer_size", m.bufferSize())
              .put("dirichlet_prior", m.dirichletPrior())
              .put("kl_loss_weight", m.divergenceWeight())
              .put("num_samples", m.samples())
              .put("sample_scaler", m.scale())
              .put("use_entropy", m.entropy());
      case LoraVariant.Activated a ->
          a.tokens().forEach(tree.putArray("alora_invocation_tokens")::add);
      case null -> {}
    }
  }

  private static void texts(ObjectNode tree, String key, List<String> values) {
    if (values.isEmpty()) {
      tree.putNull(key);
    } else {
      values.forEach(tree.putArray(key)::add);
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

  /** Returns the settings as peft writes them; see {@link LoraTuner#write}. */
  static ObjectNode write(LoraConfig c) {
    ObjectNode tree = DEFAULTS.deepCopy();
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
      // peft would quantize anew when it loads LoftQ's, and asks that it be true in files
      case DEFAULT, LOFTQ -> tree.put("init_lora_weights", true);
      case RANDOM -> tree.put("init_lora_weights", false);
      case PISSA ->
          tree.put(
              "init_lora_weights",
              c.pissaIterations() < 0 ? "pissa" : "pissa_niter_" + c.pissaIterations());
      case GAUSSIAN, ORTHOGONAL, OLORA, MICA, EVA, CORDA, LORA_GA ->
          tree.put("init_lora_weights", c.init().name().toLowerCase(Locale.ROOT));
    }
    write(c.variant(), tree);
    String ofStart = c.startSettings();
    if (ofStart != null && c.init() != Init.LOFTQ) {
      tree.set(c.init().name().toLowerCase(Locale.ROOT) + "_config", parsed(ofStart));
    }
    if (!c.targetParameters().isEmpty()) {
      c.targetParameters().forEach(tree.putArray("target_parameters")::add);
    }
    if (!c.layerReplication().isEmpty()) {
      ArrayNode ranges = tree.putArray("layer_replication");
      c.layerReplication().forEach(range -> ranges.addArray().add(range.from()).add(range.to()));
    }
    ObjectNode ranks = tree.putObject("rank_pattern");
    c.rankPattern().forEach(ranks::put);
    ObjectNode alphas = tree.putObject("alpha_pattern");
    boolean decimals = c.init() == Init.EVA; // peft computes them
    c.alphaPattern()
        .forEach(
            (key, value) ->
                alphas.set(key, decimals ? DoubleNode.valueOf(value) : PythonJson.number(value)));
    List<Integer> input = c.trainableTokens().get(LoraConfig.INPUT_EMBEDDING);
    if (input != null) {
      input.forEach(tree.putArray("trainable_token_indices")::add);
    } else if (!c.trainableTokens().isEmpty()) {
      ObjectNode tokens = tree.putObject("trainable_token_indices");
      c.trainableTokens().forEach((name, ids) -> ids.forEach(tokens.putArray(name)::add));
    }
    TargetFields.write(c, tree);
    if (!c.targetParameters().isEmpty() && tree.path("target_modules").isNull()) {
      tree.putArray("target_modules"); // none, where null would be those of the kind of model
    }
    return tree;
  }
}
