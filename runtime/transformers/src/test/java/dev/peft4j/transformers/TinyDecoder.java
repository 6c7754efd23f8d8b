package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;

/**
 * A tiny decoder, with what transformers and peft computed with it: a file that
 * src/test/python/make_tiny_decoders.py wrote.
 */
final class TinyDecoder {
  static final JsonMapper JSON = new JsonMapper();

  /** The cases; every family has one. */
  static final List<String> NAMES =
      List.of(
          "llama",
          "llama-llama3",
          "llama-linear",
          "llama-dynamic",
          "llama-yarn",
          "mistral",
          "qwen2",
          "qwen3",
          "gemma",
          "gemma2",
          "gemma3",
          "phi",
          "phi3",
          "gpt2",
          "gpt_neox",
          "smollm3",
          "granite",
          "olmo2",
          "stablelm",
          "starcoder2",
          "cohere",
          "falcon",
          "falcon-7b",
          "bloom");

  final String name;
  final JsonNode file;

  private TinyDecoder(String name, JsonNode file) {
    this.name = name;
    this.file = file;
  }

  static TinyDecoder of(String name) throws IOException {
    try (InputStream in = TinyDecoder.class.getResourceAsStream("decoders/" + name + ".json")) {
      return new TinyDecoder(name, JSON.readTree(Objects.requireNonNull(in, name)));
    }
  }

  ObjectNode config() {
    return file.path("config").deepCopy();
  }

  String modelType() {
    return file.path("config").path("model_type").asText();
  }

  /** The weights by their names; number i of weight k is base + scale · sin(0.7 i + k). */
  SequencedMap<String, StoredTensor> weights() {
    return weights(file.path("weights"));
  }

  /** Those of a classifier: {@code sequence} or {@code token}. */
  SequencedMap<String, StoredTensor> weights(String task) {
    return weights(file.path(task).path("weights"));
  }

  private static SequencedMap<String, StoredTensor> weights(JsonNode list) {
    SequencedMap<String, StoredTensor> out = new LinkedHashMap<>();
    for (int k = 0; k < list.size(); k++) {
      JsonNode w = list.get(k);
      int[] sizes = new int[w.get(1).size()];
      for (int d = 0; d < sizes.length; d++) {
        sizes[d] = w.get(1).get(d).asInt();
      }
      Shape shape = Shape.of(sizes);
      float[] v = new float[shape.size()];
      for (int i = 0; i < v.length; i++) {
        v[i] = (float) (w.get(2).asDouble() + w.get(3).asDouble() * Math.sin(0.7 * i + k));
      }
      out.put(w.get(0).asText(), new StoredTensor(shape, Storage.of(v)));
    }
    return out;
  }

  /** Writes a folder of the model. */
  Path folder(Path to) throws IOException {
    return folder(to, config(), weights());
  }

  static Path folder(Path to, JsonNode config, Map<String, StoredTensor> weights)
      throws IOException {
    Files.createDirectories(to);
    Files.writeString(to.resolve("config.json"), config.toString());
    SafeTensors.write(to.resolve("model.safetensors"), weights, Map.of("format", "pt"));
    return to;
  }

  /** The weights in another type. */
  SequencedMap<String, StoredTensor> weightsIn(Encoding type) {
    SequencedMap<String, StoredTensor> out = new LinkedHashMap<>();
    weights().forEach((n, t) -> out.put(n, new StoredTensor(t.shape(), t.storage().copyAs(type))));
    return out;
  }

  /** Writes a folder with the weights in two files. */
  Path sharded(Path to) throws IOException {
    Map<String, StoredTensor> first = new LinkedHashMap<>();
    Map<String, StoredTensor> second = new LinkedHashMap<>();
    ObjectNode index = JSON.createObjectNode();
    ObjectNode map = index.putObject("weight_map");
    weights()
        .forEach(
            (n, t) -> {
              boolean one = first.size() <= second.size();
              (one ? first : second).put(n, t);
              map.put(
                  n, one ? "model-00001-of-00002.safetensors" : "model-00002-of-00002.safetensors");
            });
    Files.createDirectories(to);
    Files.writeString(to.resolve("config.json"), config().toString());
    SafeTensors.write(to.resolve("model-00001-of-00002.safetensors"), first, Map.of());
    SafeTensors.write(to.resolve("model-00002-of-00002.safetensors"), second, Map.of());
    Files.writeString(to.resolve("model.safetensors.index.json"), index.toString());
    return to;
  }

  CausalLm load(Path temp) throws IOException {
    return Transformers.causalLm(folder(temp), Encodings.FLOAT32);
  }

  Tensor ids() {
    return integers(file.path("input_ids"));
  }

  Tensor mask() {
    return integers(file.path("attention_mask"));
  }

  private static Tensor integers(JsonNode rows) {
    long[] out = new long[rows.size() * rows.get(0).size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = rows.get(i / rows.get(0).size()).get(i % rows.get(0).size()).asLong();
    }
    return Tensor.of(out, rows.size(), rows.get(0).size());
  }

  DecoderInput input() {
    return DecoderInput.of(ids()).withMask(mask());
  }

  float[] floats(String... path) {
    JsonNode at = file;
    for (String p : path) {
      at = at.path(p);
    }
    float[] out = new float[at.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) at.get(i).asDouble();
    }
    return out;
  }

  List<String> texts(String key) {
    List<String> out = new ArrayList<>();
    file.path(key).forEach(t -> out.add(t.asText()));
    return out;
  }
}
