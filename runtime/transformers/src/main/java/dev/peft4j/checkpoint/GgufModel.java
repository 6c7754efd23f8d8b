package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.checkpoint.GgufArchitecture.Change;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.NonFiniteException;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.gguf.GgufFile;
import dev.peft4j.gguf.GgufMetadata;
import dev.peft4j.gguf.GgufTensor;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.Quote;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A model in a GGUF file: its settings, and its weights under Hugging Face's names. */
public final class GgufModel implements WeightSource {
  private static final String TYPE = "general.type";

  private final GgufFile file;
  private final GgufArchitecture architecture;
  private final ObjectNode config;
  private final Map<String, String> tensors = new LinkedHashMap<>();

  private GgufModel(GgufFile file, GgufArchitecture architecture) throws FileFormatException {
    this.file = file;
    this.architecture = architecture;
    GgufSettings settings = new GgufSettings(file, architecture.name());
    this.config = common(settings);
    architecture.settings(settings, config);
    List<String> unknown = new ArrayList<>();
    for (String tensor : file.tensors().keySet()) {
      String name = architecture.nameOf(tensor);
      if (name != null) {
        tensors.put(name, tensor);
      } else if (architecture.settingTensors().stream().noneMatch(tensor::matches)
          && !tensor.startsWith("rope_f")) {
        unknown.add(tensor);
      }
    }
    if (!unknown.isEmpty()) {
      throw new FileFormatException(
          file.file(),
          "has tensors that a model of the architecture "
              + Quote.text(architecture.name())
              + " does not have here: "
              + Quote.list(unknown, 10));
    }
  }

  /**
   * Opens a model.
   *
   * @throws FileFormatException if the file is not valid, its architecture is not known, which is
   *     named, or it is not a model
   */
  public static GgufModel open(Path path) throws IOException {
    GgufFile file = GgufFile.open(path);
    String type = file.metadata().string(TYPE, "model");
    if (!type.equals("model")) {
      throw new FileFormatException(
          path, "is of the general.type " + Quote.text(type) + ", expected a model");
    }
    String name = file.metadata().string("general.architecture");
    GgufArchitecture architecture = GgufArchitecture.named(name);
    if (architecture == null) {
      throw new FileFormatException(
          path,
          "is of the architecture "
              + Quote.text(name)
              + ", which is not known; known are "
              + String.join(", ", GgufArchitecture.all().stream().map(a -> a.name()).toList()));
    }
    return new GgufModel(file, architecture);
  }

  /** Writes the settings that all architectures have. */
  private ObjectNode common(GgufSettings in) throws FileFormatException {
    ObjectNode out = JsonNodeFactory.instance.objectNode();
    out.put("model_type", architecture.modelType());
    int width = in.size("embedding_length");
    int heads = in.size("attention.head_count");
    int layers = in.size("block_count");
    if (layers > file.tensors().size()) {
      throw in.problem(
          "block_count",
          "is " + layers + ", but the file has only " + file.tensors().size() + " tensors");
    }
    out.put("num_hidden_layers", layers);
    out.put("hidden_size", width);
    out.put("num_attention_heads", heads);
    out.put("num_key_value_heads", in.size("attention.head_count_kv", heads));
    out.put("intermediate_size", in.size("feed_forward_length"));
    out.put("max_position_embeddings", in.size("context_length"));
    if (in.has("attention.key_length")) {
      int size = in.size("attention.key_length");
      if (in.size("attention.value_length", size) != size) {
        throw in.problem("attention.value_length", "differs from attention.key_length " + size);
      }
      out.put("head_dim", size);
    } else if (width % heads != 0) {
      throw in.problem(
          "attention.head_count",
          "is "
              + heads
              + ", which does not divide the "
              + "embedding_length "
              + width
              + ", and there is no attention.key_length");
    }
    if (in.has("expert_count") && in.size("expert_count") > 0) {
      throw in.problem(
          "expert_count",
          "is " + in.size("expert_count") + ": mixtures of experts are not supported");
    }
    String table = "token_embd.weight";
    out.put("vocab_size", in.size("vocab_size", in.dim(table, 0)));
    out.put("tie_word_embeddings", !in.hasTensor("output.weight"));
    tokens(out);
    return out;
  }

  private void tokens(ObjectNode out) throws FileFormatException {
    GgufMetadata m = file.metadata();
    Map<String, String> ids =
        Map.of(
            "bos_token_id", "tokenizer.ggml.bos_token_id",
            "eos_token_id", "tokenizer.ggml.eos_token_id",
            "pad_token_id", "tokenizer.ggml.padding_token_id");
    for (Map.Entry<String, String> e : ids.entrySet()) {
      if (m.contains(e.getValue())) {
        long id = m.integer(e.getValue());
        if (id != 0xffff_ffffL) { // llama.cpp's none
          if (id < 0 || id >= out.path("vocab_size").asInt()) {
            throw new FileFormatException(
                file.file(),
                "the metadata entry "
                    + Quote.text(e.getValue())
                    + " is "
                    + id
                    + ", expected the id of one of the "
                    + out.path("vocab_size").asInt()
                    + " tokens");
          }
          out.put(e.getKey(), id);
        }
      }
    }
    String turn = "tokenizer.ggml.eot_token_id"; // the end of a turn ends an answer, too
    if (m.contains(turn) && out.has("eos_token_id")) {
      long eot = m.integer(turn);
      long eos = out.path("eos_token_id").asLong();
      if (eot != eos && eot >= 0 && eot < out.path("vocab_size").asInt()) {
        out.putArray("eos_token_id").add(eos).add(eot);
      }
    }
  }

  /** Returns the file. */
  public GgufFile file() {
    return file;
  }

  /** Returns the architecture. */
  public GgufArchitecture architecture() {
    return architecture;
  }

  /** Returns a copy of what a {@code config.json} would have. */
  public ObjectNode config() {
    return config.deepCopy();
  }

  @Override
  public Path path() {
    return file.file();
  }

  @Override
  public List<String> names() {
    return List.copyOf(tensors.keySet());
  }

  private GgufTensor tensor(String name) throws FileFormatException {
    return file.tensor(tensors.getOrDefault(name, name));
  }

  private Change change(String name) {
    int dot = name.lastIndexOf('.');
    return architecture.change(name.substring(0, dot), name.substring(dot + 1));
  }

  /** Returns whether rows and columns can be exchanged: where no block joins several numbers. */
  private boolean transposes(GgufTensor t, String name) {
    return change(name) == Change.TRANSPOSED && !hasBlocks() && t.shape().rank() == 2;
  }

  /**
   * Returns true if weights are in blocks along rows, so that they stay as the file has them even
   * where Hugging Face's model has rows and columns exchanged (GPT-2's Conv1D).
   */
  public boolean hasBlocks() {
    return file.tensors().values().stream().anyMatch(t -> t.encoding().hasBlocks());
  }

  @Override
  public Shape shape(String name) throws FileFormatException {
    GgufTensor t = tensor(name);
    return transposes(t, name) ? Shape.of(t.shape().dim(1), t.shape().dim(0)) : t.shape();
  }

  @Override
  public boolean isFloat(String name) throws FileFormatException {
    return !tensor(name).encoding().dtype().isInteger();
  }

  @Override
  public String type(String name) throws FileFormatException {
    return String.valueOf(tensor(name).encoding().ggufName());
  }

  @Override
  public Encoding encoding(String name) throws FileFormatException {
    Encoding own = tensor(name).encoding();
    boolean added = change(name) == Change.PLUS_ONE;
    return added || own.blockBytes() == 8 && !own.hasBlocks() ? Encodings.FLOAT32 : own;
  }

  @Override
  public Storage storage(String name, Encoding wanted) throws FileFormatException {
    GgufTensor t = tensor(name);
    Storage own = file.storage(t.name());
    int heads = config.path("num_attention_heads").asInt();
    int keyHeads = config.path("num_key_value_heads").asInt();
    Storage changed =
        switch (change(name)) {
          case NONE -> own;
          case QUERY_ROWS -> rows(name, t, own, heads);
          case KEY_ROWS -> rows(name, t, own, keyHeads);
          case PLUS_ONE -> WeightChanges.plus(own, -1);
          case TRANSPOSED -> transposes(t, name) ? WeightChanges.transposed(own, t.shape()) : own;
        };
    try {
      Encoding fitting = wanted.forShape(shape(name));
      return changed.encoding().equals(fitting) ? changed : changed.copyAs(fitting);
    } catch (NonFiniteException | IllegalArgumentException e) {
      throw new FileFormatException(
          file.file(), "tensor " + Quote.text(t.name()) + ": " + e.getMessage(), e);
    }
  }

  private Storage rows(String name, GgufTensor t, Storage own, int heads)
      throws FileFormatException {
    int rows = t.shape().dim(0);
    if (rows % (2 * heads) != 0) {
      throw new FileFormatException(
          file.file(),
          "tensor "
              + Quote.text(t.name())
              + " has "
              + rows
              + " rows, which are not an even number"
              + " for each of "
              + heads
              + " heads");
    }
    return WeightChanges.halves(own, rows, heads);
  }
}
