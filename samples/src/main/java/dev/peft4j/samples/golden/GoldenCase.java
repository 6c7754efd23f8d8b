package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A case in its folder: {@code case.json}, {@code params.txt}, {@code base.safetensors}, {@code
 * io.safetensors} and {@code adapter/}.
 */
final class GoldenCase {
  private static final double STEP_TOLERANCE = 1e-5;

  /**
   * The settings of AdamW in a case.
   *
   * @param tolerance how far trained parameters may differ: ten times as far as peft's own move
   *     when they start with a change in their last bit, but at least 1e-5
   */
  record Settings(
      float lr,
      double beta1,
      double beta2,
      double eps,
      double weightDecay,
      int steps,
      double tolerance) {}

  private final Path folder;
  private final JsonNode json;

  private GoldenCase(Path folder, JsonNode json) {
    this.folder = folder;
    this.json = json;
  }

  /**
   * Returns whether one of a case's files is in {@code folder}: it may be a broken case, but it is
   * one.
   */
  static boolean looksLikeOne(Path folder) {
    return Stream.of("case.json", "params.txt", "base.safetensors", "io.safetensors")
        .anyMatch(name -> Files.exists(folder.resolve(name)));
  }

  static GoldenCase open(Path folder) throws IOException {
    Path file = folder.resolve("case.json");
    if (!Files.isRegularFile(file)) {
      throw new FileFormatException(folder, "has no case.json, so it is not a golden case");
    }
    JsonNode json;
    try {
      json = new ObjectMapper().readTree(file.toFile());
    } catch (com.fasterxml.jackson.core.JacksonException e) {
      throw new FileFormatException(file, "is not JSON: " + e.getOriginalMessage());
    }
    return new GoldenCase(folder, json);
  }

  /** Returns its name, that of its folder. */
  String name() {
    return String.valueOf(folder.getFileName());
  }

  /** Returns whether it is the case of the processors of logits, which has no model. */
  boolean isOfProcessors() {
    return json.path("kind").asText().equals("processors");
  }

  /** Returns the kind of base model. */
  String model() throws FileFormatException {
    return require("model").asText();
  }

  /** Returns peft's name of the tuner. */
  String tuner() throws FileFormatException {
    return require("tuner").asText();
  }

  /**
   * Returns whether peft can merge the adapter, so that the merged weights are part of the case.
   */
  boolean merges() throws FileFormatException {
    return require("merges").asBoolean();
  }

  /** Returns the settings of a case without an adapter of its own; else nothing. */
  JsonNode config() {
    return json.path("config");
  }

  /** Returns the seed that everything was drawn from. */
  long seed() throws FileFormatException {
    return require("seed").asLong();
  }

  /** Returns whether peft draws or derives something besides what its file has. */
  boolean regenerates() {
    return json.path("regenerates").asBoolean();
  }

  /** Returns the names of the trained parameters, in peft's order. */
  List<String> trainable() throws FileFormatException {
    List<String> names = new ArrayList<>();
    require("trainable").forEach(n -> names.add(n.asText()));
    return names;
  }

  Settings optimizer() throws FileFormatException {
    JsonNode o = require("optimizer");
    return new Settings(
        (float) o.path("lr").asDouble(),
        o.path("betas").path(0).asDouble(0.9),
        o.path("betas").path(1).asDouble(0.999),
        o.path("eps").asDouble(1e-8),
        o.path("weight_decay").asDouble(),
        o.path("steps").asInt(),
        Math.max(STEP_TOLERANCE, 10 * json.path("step3_noise").asDouble()));
  }

  /** Returns the optimizer's name and all its numbers. */
  JsonNode optimizerJson() throws FileFormatException {
    return require("optimizer");
  }

  /** Returns lines of {@code name [sizes] True}, in peft's order. */
  List<String> parameters() throws IOException {
    return Files.readAllLines(folder.resolve("params.txt")).stream()
        .filter(l -> !l.isBlank())
        .toList();
  }

  SafeTensors base() throws IOException {
    return SafeTensors.open(folder.resolve("base.safetensors"));
  }

  SafeTensors io() throws IOException {
    return SafeTensors.open(folder.resolve("io.safetensors"));
  }

  Path adapter() {
    return folder.resolve("adapter");
  }

  /** Returns whether the case is of a whole model, as transformers wrote it. */
  boolean hasModel() {
    return Files.isDirectory(folder.resolve("model"));
  }

  /** Returns the folder of the model. */
  Path modelFolder() {
    return folder.resolve("model");
  }

  /** Returns the kind of such a model, such as {@code token-classification}. */
  String kind() throws FileFormatException {
    return require("kind").asText();
  }

  /** Returns the {@code model_type} of such a model. */
  String modelType() throws FileFormatException {
    return require("model_type").asText();
  }

  /** Returns the {@code model_type} of such a model, or an empty text. */
  String modelTypeOrEmpty() {
    return json.path("model_type").asText();
  }

  /** Returns the settings of such a model as older releases spell them, if there are any. */
  Path hubConfig() {
    return folder.resolve("hub_config.json");
  }

  /** Returns whether such a model was saved in another type than float32. */
  boolean hasStoredType() {
    return json.has("stored_dtype");
  }

  /** Returns how many tokens a loss is divided by, in place of those that are counted. */
  int items() throws FileFormatException {
    return require("num_items").asInt();
  }

  /** Returns how many tokens are read at once before those that come one by one. */
  int prefill() throws FileFormatException {
    return require("prefill").asInt();
  }

  /** Returns the names of the adapters of such a case: {@code attn}, {@code all}. */
  List<String> adapters() {
    List<String> names = new ArrayList<>();
    for (String name : List.of("attn", "all")) {
      if (Files.isDirectory(adapter(name))) {
        names.add(name);
      }
    }
    return names;
  }

  /** Returns the folder of one of them. */
  Path adapter(String name) {
    return folder.resolve("adapter-" + name);
  }

  /** Returns the names of what is trained in one of them, in peft's order. */
  List<String> trainable(String name) throws FileFormatException {
    List<String> names = new ArrayList<>();
    require("adapter-" + name).path("trainable").forEach(n -> names.add(n.asText()));
    return names;
  }

  /** Returns a tensor of a file. */
  static Tensor tensor(SafeTensors file, String name) throws IOException {
    return Tensor.of(file.storage(name), file.info(name).shape());
  }

  /** Returns the tensors whose names start with {@code prefix}, without it. */
  static Map<String, Tensor> starting(String prefix, SafeTensors file) throws IOException {
    Map<String, Tensor> found = new LinkedHashMap<>();
    for (String name : file.names()) {
      if (name.startsWith(prefix)) {
        found.put(
            name.substring(prefix.length()),
            Tensor.of(file.storage(name), file.info(name).shape()));
      }
    }
    return found;
  }

  private JsonNode require(String key) throws FileFormatException {
    JsonNode value = json.path(key);
    if (value.isMissingNode()) {
      throw new FileFormatException(folder.resolve("case.json"), "has no '" + key + "'");
    }
    return value;
  }
}
