package dev.peft4j.generate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.checkpoint.GgufModel;
import dev.peft4j.gguf.GgufFile;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.JsonProblem;
import dev.peft4j.io.UnsupportedSettingException;
import dev.peft4j.log.Log;
import dev.peft4j.target.Suggestions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** The settings of a model's folder. */
final class GenerationConfigFile {
  private static final Log LOG = Log.of(GenerationConfigFile.class);
  private static final String NAME = "generation_config.json";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What says nothing about the tokens that are generated. */
  private static final Set<String> WITHOUT_EFFECT =
      Set.of(
          "transformers_version",
          "_from_model_config",
          "_commit_hash",
          "output_attentions",
          "output_hidden_states",
          "output_scores",
          "output_logits",
          "return_dict_in_generate",
          "return_dict",
          "cache_implementation",
          "cache_config",
          "max_cache_len",
          "low_memory",
          "compile_config",
          "disable_compile",
          "prefill_chunk_size",
          "continuous_batching_config",
          "decoder_start_token_id",
          "is_assistant",
          "is_encoder_decoder",
          "num_assistant_tokens",
          "num_assistant_tokens_schedule",
          "assistant_confidence_threshold",
          "assistant_lookbehind",
          "assistant_early_exit",
          "assistant_ensemble_weight",
          "target_lookbehind",
          "speculation_type",
          "chat_format",
          "use_mtp");

  /** What changes the tokens in a way that is not built, with the values that change nothing. */
  private static final Map<String, Set<String>> NOT_BUILT =
      Map.of(
          "guidance_scale", Set.of("1", "1.0"),
          "num_beam_groups", Set.of("1"),
          "diversity_penalty", Set.of("0", "0.0"),
          "penalty_alpha", Set.of("0", "0.0"),
          "dola_layers", Set.of(),
          "constraints", Set.of(),
          "force_words_ids", Set.of(),
          "watermarking_config", Set.of(),
          "token_healing", Set.of("false"));

  private GenerationConfigFile() {}

  static GenerationConfig read(Path folder) throws IOException {
    Map<Setting<?>, Object> values = new LinkedHashMap<>();
    if (GgufFile.looksLikeOne(folder)) {
      ObjectNode model = GgufModel.open(folder).config();
      for (Setting<?> id : List.of(Settings.BOS, Settings.EOS, Settings.PAD)) {
        put(values, folder, id, model.path(id.name()));
      }
      return new GenerationConfig(values, List.of());
    }
    Path config = folder.resolve("config.json");
    Path ends = config; // the file that has the ends of texts
    int vocabulary = Integer.MAX_VALUE;
    if (Files.exists(config)) {
      ObjectNode model = tree(config);
      vocabulary = model.path("vocab_size").asInt(vocabulary);
      for (Setting<?> id : List.of(Settings.BOS, Settings.EOS, Settings.PAD)) {
        put(values, config, id, model.path(id.name()));
      }
    }
    Path file = folder.resolve(NAME);
    if (Files.exists(file)) {
      Object ofModel = values.get(Settings.EOS);
      readAll(file, values);
      ends = Objects.equals(ofModel, values.get(Settings.EOS)) ? ends : file;
    }
    GenerationConfig read = new GenerationConfig(values, List.of());
    requireInVocabulary(ends, read.eosTokenIds(), vocabulary);
    return read;
  }

  private static void requireInVocabulary(Path file, List<Integer> eos, int vocabulary)
      throws FileFormatException {
    for (int id : eos) {
      if (id >= vocabulary) {
        throw new FileFormatException(
            file,
            "eos_token_id "
                + id
                + " is not in the vocabulary of "
                + vocabulary
                + " tokens (vocab_size in config.json): no text would end there");
      }
    }
  }

  /** Reads what a caller wrote, which is checked strictly. */
  static void parse(String object, Map<Setting<?>, Object> values) {
    JsonNode tree;
    try {
      tree = JSON.readTree(object);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "settings of generation are not valid JSON: " + JsonProblem.reason(e), e);
    }
    if (!tree.isObject()) {
      throw new IllegalArgumentException(
          "settings of generation are " + shortened(tree) + ", expected a JSON object");
    }
    for (Map.Entry<String, JsonNode> entry : tree.properties()) {
      Setting<?> setting = Settings.byName().get(entry.getKey());
      if (setting == null) {
        List<String> similar = Suggestions.closest(entry.getKey(), Settings.byName().keySet());
        throw new IllegalArgumentException(
            "there is no setting '"
                + entry.getKey()
                + "' of generation"
                + (similar.isEmpty()
                    ? ""
                    : "; did you mean " + String.join(" or ", similar) + "?"));
      }
      JsonNode json = entry.getValue();
      Object value = json.isNull() ? null : setting.parse(json);
      if (value == null && !json.isNull()) {
        throw new IllegalArgumentException(
            setting.name() + " is " + shortened(json) + ", expected " + setting.expected());
      }
      if (value == null) {
        values.remove(setting);
      } else {
        values.put(setting, value);
      }
    }
  }

  private static void readAll(Path file, Map<Setting<?>, Object> values) throws IOException {
    List<String> unknown = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : tree(file).properties()) {
      String key = entry.getKey();
      JsonNode value = entry.getValue();
      Setting<?> setting = Settings.byName().get(key);
      Set<String> harmless = NOT_BUILT.get(key);
      if (setting != null) {
        put(values, file, setting, value);
      } else if (harmless != null) {
        if (!value.isNull() && !harmless.contains(value.asText())) {
          throw new UnsupportedSettingException(
              file, key + " is " + shortened(value) + ", which is not built; remove it");
        }
      } else if (!WITHOUT_EFFECT.contains(key)) {
        unknown.add(key);
      }
    }
    if (!unknown.isEmpty()) {
      LOG.warn("{}: unknown settings are ignored: {}", file, String.join(", ", unknown));
    }
  }

  private static void put(
      Map<Setting<?>, Object> values, Path file, Setting<?> setting, JsonNode json)
      throws FileFormatException {
    boolean noPadding = setting == Settings.PAD && json.isIntegralNumber() && json.intValue() < 0;
    if (json.isMissingNode() || json.isNull() || noPadding) {
      return;
    }
    Object value = setting.parse(json);
    if (value == null) {
      throw new FileFormatException(
          file, setting.name() + " is " + shortened(json) + ", expected " + setting.expected());
    }
    values.put(setting, value);
  }

  private static String shortened(JsonNode json) {
    String text = json.toString();
    return text.length() > 80 ? text.substring(0, 80) + "..." : text;
  }

  private static ObjectNode tree(Path file) throws IOException {
    try {
      if (JSON.readTree(Files.readAllBytes(file)) instanceof ObjectNode object) {
        return object;
      }
      throw new FileFormatException(file, "is not a JSON object");
    } catch (JsonProcessingException e) {
      throw new FileFormatException(file, "is not valid JSON: " + JsonProblem.reason(e), e);
    }
  }
}
