package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.checkpoint.GgufArchitecture.Change;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.gguf.GgufFile;
import dev.peft4j.gguf.GgufTensor;
import dev.peft4j.gguf.GgufValue;
import dev.peft4j.gguf.GgufWriter;
import dev.peft4j.io.Adapter;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.io.Quote;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * LoRA in GGUF, both ways. llama.cpp adds {@code alpha / rank · B · A} to each weight, with one
 * alpha for all and the rank of each B.
 *
 * @param architecture that of the base
 * @param heads of queries
 * @param keyHeads of keys
 * @param tied whether the base's output layer has the embedding's weight
 */
public record GgufLora(GgufArchitecture architecture, int heads, int keyHeads, boolean tied) {
  private static final String OF_PEFT = "base_model.model.";
  private static final String A = ".lora_A.weight";
  private static final String B = ".lora_B.weight";
  private static final String TABLE_A = ".lora_embedding_A";
  private static final String TABLE_B = ".lora_embedding_B";
  private static final String ALPHA = "adapter.lora.alpha";

  // ---- out

  /**
   * Writes an adapter.
   *
   * @throws FileFormatException if GGUF cannot hold something that it has; all of it is listed
   */
  public void write(Adapter adapter, Path file) throws IOException {
    Path at = adapter.folder();
    AdapterConfig settings = adapter.config();
    String type = settings.peftType(PeftFormat.PEFT_TYPES);
    if (!type.equals("LORA")) {
      throw new FileFormatException(
          at, "is an adapter of the type " + type + "; GGUF holds only LORA. " + wayOut());
    }
    LoraConfig config = (LoraConfig) Tuner.of("LORA").read(settings);
    List<String> unheld = new ArrayList<>();
    for (String key : adapter.tensors().keySet()) {
      String problem = problem(key);
      if (problem != null) {
        unheld.add(key + " (" + problem + ")");
      }
    }
    if (!unheld.isEmpty()) {
      throw new FileFormatException(
          at,
          "has weights that GGUF cannot hold: "
              + Quote.list(unheld, 20).replace("'", "")
              + ". "
              + wayOut());
    }
    double root = config.rslora() ? Math.sqrt(config.r()) : 1;
    float alpha = (float) (config.alpha() * root);
    GgufWriter out =
        new GgufWriter(architecture.name())
            .put("general.type", GgufValue.of("adapter"))
            .put("adapter.type", GgufValue.of("lora"))
            .put(ALPHA, GgufValue.float32(alpha))
            .put("general.quantization_version", GgufValue.uint32(2));
    for (String key : adapter.tensors().keySet()) {
      if (key.endsWith(A) || key.endsWith(TABLE_A)) {
        pair(adapter, key, config, alpha, out);
      }
    }
    out.write(file);
  }

  private static String wayOut() {
    return "Merge it into the model (saveMerged) and write that as GGUF (peft4j quantize)";
  }

  private @org.jspecify.annotations.Nullable String problem(String key) {
    boolean table = key.endsWith(TABLE_A) || key.endsWith(TABLE_B);
    if (key.endsWith(".lora_magnitude_vector") || key.contains(".lora_magnitude_vector.")) {
      return "DoRA";
    }
    if (!table && !key.endsWith(A) && !key.endsWith(B)) {
      return key.contains(".lora_B.bias") ? "lora_bias" : "a whole weight";
    }
    String module = module(key);
    String tensor = architecture.tensorOf(module);
    if (tensor == null) {
      return "no tensor of " + architecture.name();
    }
    if (table && !tensor.equals("token_embd")) {
      return "only the embedding of tokens can have an adapter";
    }
    return tied && tensor.equals("output") ? "the output layer is tied to the embedding" : null;
  }

  private static String module(String key) {
    String s = key.startsWith(OF_PEFT) ? key.substring(OF_PEFT.length()) : key;
    return s.substring(0, s.lastIndexOf(".lora_"));
  }

  private void pair(Adapter adapter, String key, LoraConfig config, float alpha, GgufWriter out)
      throws FileFormatException {
    boolean table = key.endsWith(TABLE_A);
    String module = module(key);
    StoredTensor a = java.util.Objects.requireNonNull(adapter.tensors().get(key));
    String other = key.substring(0, key.lastIndexOf(".lora_")) + (table ? TABLE_B : B);
    StoredTensor b = adapter.tensors().get(other);
    if (b == null || a.shape().rank() != 2 || b.shape().rank() != 2) {
      throw new FileFormatException(
          adapter.folder(), "has " + Quote.text(key) + " without the matrix " + Quote.text(other));
    }
    int rank = a.shape().dim(0);
    double scale = config.scaleOf(module);
    double factor = alpha == 0 ? scale : scale * rank / alpha; // alpha 0 means the scale 1
    Storage second = scaled(WeightChanges.floats(b.storage()), factor);
    String tensor = architecture.tensorOf(module) + ".weight";
    Storage first = WeightChanges.floats(a.storage());
    Shape shape = a.shape();
    if (table) {
      first = WeightChanges.transposed(first, shape);
      shape = Shape.of(shape.dim(1), shape.dim(0));
    }
    int rows = b.shape().dim(0);
    switch (architecture.change(module, "weight")) {
      case QUERY_ROWS -> second = WeightChanges.pairs(second, rows, heads);
      case KEY_ROWS -> second = WeightChanges.pairs(second, rows, keyHeads);
      default -> {}
    }
    out.tensor(tensor + ".lora_a", shape, first);
    out.tensor(tensor + ".lora_b", b.shape(), second);
  }

  private static Storage scaled(Storage x, double factor) {
    if (Math.abs(factor - 1) < 1e-7) {
      return x;
    }
    float[] values = x.toFloats();
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] * factor);
    }
    return Storage.of(values);
  }

  // ---- in

  /**
   * Reads an adapter as peft would have saved it.
   *
   * @param folder the folder that it says it is from
   * @throws FileFormatException if it is not LoRA for this architecture
   */
  public Adapter read(GgufFile file, Path folder) throws FileFormatException {
    String type = file.metadata().string("general.type", "model");
    String kind = file.metadata().string("adapter.type", "lora");
    String arch = file.metadata().string("general.architecture");
    if (!type.equals("adapter") || !kind.equals("lora")) {
      throw new FileFormatException(
          file.file(), "is a " + type + " of the kind " + Quote.text(kind) + ", expected LoRA");
    }
    if (!arch.equals(architecture.name())) {
      throw new FileFormatException(
          file.file(),
          "is for the architecture "
              + Quote.text(arch)
              + ", but the model is "
              + Quote.text(architecture.name()));
    }
    double alpha = file.metadata().number(ALPHA);
    SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
    Map<String, Integer> ranks = new LinkedHashMap<>();
    for (GgufTensor t : file.tensors().values()) {
      if (t.name().endsWith(".weight.lora_a")) {
        pair(file, t, tensors, ranks);
      } else if (!t.name().endsWith(".weight.lora_b")) {
        throw new FileFormatException(
            file.file(), "has the tensor " + Quote.text(t.name()) + ", which is not one of LoRA");
      }
    }
    if (ranks.isEmpty()) {
      throw new FileFormatException(file.file(), "has no tensors of LoRA");
    }
    return new Adapter(folder, AdapterConfig.of(config(ranks, alpha)), tensors);
  }

  private static ObjectNode config(Map<String, Integer> ranks, double alpha) {
    int r = ranks.values().iterator().next();
    ObjectNode tree = JsonNodeFactory.instance.objectNode().put("peft_type", "LORA");
    tree.put("task_type", "CAUSAL_LM").put("r", r).put("lora_alpha", alpha == 0 ? r : alpha);
    ObjectNode rankPattern = tree.putObject("rank_pattern");
    ObjectNode alphaPattern = tree.putObject("alpha_pattern");
    ranks.forEach(
        (module, rank) -> {
          if (rank != r) {
            rankPattern.put(module, rank);
            if (alpha == 0) {
              alphaPattern.put(module, rank);
            }
          }
        });
    ranks.keySet().forEach(tree.withArray("target_modules")::add);
    return tree;
  }

  private void pair(
      GgufFile file, GgufTensor a, Map<String, StoredTensor> out, Map<String, Integer> ranks)
      throws FileFormatException {
    String stem = a.name().substring(0, a.name().length() - ".lora_a".length());
    String name = architecture.nameOf(stem);
    if (name == null) {
      throw new FileFormatException(
          file.file(),
          "has " + Quote.text(a.name()) + ", but " + architecture.name() + " has no such weight");
    }
    String module = name.substring(0, name.length() - ".weight".length());
    GgufTensor b = file.tensor(stem + ".lora_b");
    Storage first = WeightChanges.floats(file.storage(a.name()));
    Storage second = WeightChanges.floats(file.storage(b.name()));
    boolean table = stem.equals("token_embd.weight");
    if (a.shape().rank() != 2
        || b.shape().rank() != 2
        || b.shape().dim(1) != a.shape().dim(table ? 1 : 0)) {
      throw new FileFormatException(
          file.file(),
          Quote.text(a.name())
              + " of shape "
              + a.shape()
              + " and lora_b of shape "
              + b.shape()
              + " do not have the same rank");
    }
    int rows = b.shape().dim(0);
    Change change = architecture.change(module, "weight");
    if (change == Change.QUERY_ROWS) {
      second = WeightChanges.halves(second, rows, heads);
    } else if (change == Change.KEY_ROWS) {
      second = WeightChanges.halves(second, rows, keyHeads);
    }
    ranks.put(module, b.shape().dim(1));
    Shape shape = a.shape();
    if (table) {
      first = WeightChanges.transposed(first, shape);
      shape = Shape.of(shape.dim(1), shape.dim(0));
    }
    out.put(OF_PEFT + module + (table ? TABLE_A : A), new StoredTensor(shape, first));
    out.put(OF_PEFT + module + (table ? TABLE_B : B), new StoredTensor(b.shape(), second));
  }
}
