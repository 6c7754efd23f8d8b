package dev.peft4j.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.log.Log;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * A folder with a pretrained model in the layout of transformers: {@code config.json} and {@code
 * model.safetensors}, or several files of weights listed by {@code model.safetensors.index.json}.
 * The weights are mapped, not read; see {@link SafeTensors}.
 */
public final class ModelFolder {
  private static final Log LOG = Log.of(ModelFolder.class);
  private static final String CONFIG = "config.json";
  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";

  private final Path folder;
  private final ObjectNode config;
  private final SequencedMap<String, SafeTensors> fileOf;

  private ModelFolder(Path folder, ObjectNode config, SequencedMap<String, SafeTensors> fileOf) {
    this.folder = folder;
    this.config = config;
    this.fileOf = Collections.unmodifiableSequencedMap(fileOf);
  }

  /**
   * Opens a folder: reads the configuration and the headers of all files of weights.
   *
   * @throws FileFormatException if the folder does not exist, a file is missing or not valid, or
   *     the index names a tensor that does not exist
   */
  public static ModelFolder open(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      throw new FileFormatException(folder, "does not exist, expected a folder with a model");
    }
    if (!Files.isDirectory(folder)) {
      throw new FileFormatException(folder, "is a file, expected a folder with a model");
    }
    Path config = folder.resolve(CONFIG);
    if (!Files.exists(config)) {
      throw new FileFormatException(
          folder, "has no config.json, so it is not the folder of a transformers model");
    }
    return new ModelFolder(folder, PythonJson.read(config), weights(folder));
  }

  /** Returns the file of each tensor. */
  static SequencedMap<String, SafeTensors> weights(Path folder) throws IOException {
    SequencedMap<String, SafeTensors> out = new LinkedHashMap<>();
    if (Files.exists(folder.resolve(SINGLE))) {
      SafeTensors only = SafeTensors.open(folder.resolve(SINGLE));
      only.names().forEach(name -> out.put(name, only));
      return out;
    }
    Path index = folder.resolve(INDEX);
    if (!Files.exists(index)) {
      boolean pickle =
          Files.exists(folder.resolve("pytorch_model.bin"))
              || Files.exists(folder.resolve("pytorch_model.bin.index.json"));
      throw new FileFormatException(
          folder,
          "has no weights: neither model.safetensors nor model.safetensors.index.json exists"
              + (pickle
                  ? "; its pytorch_model.bin is a pickle of torch that is not read here: load the"
                      + " model with transformers and save it again"
                  : ""));
    }
    Map<String, SafeTensors> shards = new LinkedHashMap<>();
    List<String> absent = new ArrayList<>();
    for (Map.Entry<String, JsonNode> e : weightMap(index).properties()) {
      String shard = shardName(index, e.getKey(), e.getValue());
      SafeTensors file = shards.get(shard);
      if (file == null) {
        Path path = folder.resolve(shard);
        if (!Files.exists(path)) {
          throw new FileFormatException(
              index, "names the file " + Quote.text(shard) + ", which is not in the folder");
        }
        file = SafeTensors.open(path);
        shards.put(shard, file);
      }
      if (file.contains(e.getKey())) {
        out.put(e.getKey(), file);
      } else {
        absent.add(e.getKey() + " in " + shard);
      }
    }
    if (!absent.isEmpty()) {
      throw new FileFormatException(
          index,
          "names tensors that are not in the files that it gives: " + String.join(", ", absent));
    }
    warnUnlisted(index, shards, out);
    return out;
  }

  private static ObjectNode weightMap(Path index) throws IOException {
    JsonNode map = PythonJson.read(index).path("weight_map");
    if (map instanceof ObjectNode object && !object.isEmpty()) {
      return object;
    }
    throw new FileFormatException(
        index,
        "weight_map is "
            + PythonJson.describe(map)
            + ", expected an object that gives each tensor's file");
  }

  /**
   * Returns the file of a tensor; only a plain name, so that an index cannot point outside its
   * folder.
   */
  private static String shardName(Path index, String tensor, JsonNode value)
      throws FileFormatException {
    String name = value.isTextual() ? value.textValue() : "";
    boolean plain =
        name.endsWith(".safetensors")
            && name.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ');
    if (!plain) {
      throw new FileFormatException(
          index,
          "weight_map gives "
              + PythonJson.describe(value)
              + " for tensor "
              + Quote.text(tensor)
              + ", expected the name of a .safetensors file in the same folder");
    }
    return name;
  }

  /** Warns of tensors that the index does not list; they are ignored. */
  private static void warnUnlisted(
      Path index, Map<String, SafeTensors> shards, Map<String, SafeTensors> listed) {
    List<String> extra = new ArrayList<>();
    shards.forEach(
        (shard, file) -> {
          for (String name : file.tensors().keySet()) {
            if (listed.get(name) != file) {
              extra.add(name + " in " + shard);
            }
          }
        });
    if (!extra.isEmpty()) {
      LOG.warn("{}: ignoring tensors that it does not list: {}", index, Quote.list(extra, 20));
    }
  }

  /** Returns the folder. */
  public Path folder() {
    return folder;
  }

  /** Returns a copy of the contents of {@code config.json}. */
  public ObjectNode config() {
    return config.deepCopy();
  }

  /** Returns the names of the tensors, in the order of the file or of the index. */
  public List<String> names() {
    return List.copyOf(fileOf.keySet());
  }

  /** Returns the shape of each tensor, in the same order. */
  public SequencedMap<String, Shape> shapes() throws FileFormatException {
    SequencedMap<String, Shape> out = new LinkedHashMap<>();
    for (Map.Entry<String, SafeTensors> e : fileOf.entrySet()) {
      out.put(e.getKey(), e.getValue().info(e.getKey()).shape());
    }
    return out;
  }

  /** Returns whether there is a tensor of that name. */
  public boolean contains(String name) {
    return fileOf.containsKey(name);
  }

  /**
   * Returns the header entry of one tensor.
   *
   * @throws FileFormatException if there is no such tensor
   */
  public TensorInfo info(String name) throws FileFormatException {
    return file(name).info(name);
  }

  /**
   * Returns the elements of one tensor as {@link SafeTensors#storage(String)} does: usually the
   * file's own memory, which must not be written to.
   *
   * @throws FileFormatException if there is no such tensor or its type cannot be read
   */
  public Storage storage(String name) throws FileFormatException {
    return file(name).storage(name);
  }

  /**
   * Returns the elements of one tensor in an encoding of floating-point numbers; see {@link
   * SafeTensors#storage(String, Encoding)}.
   *
   * @throws FileFormatException if there is no such tensor, or its type is not a floating-point
   *     type that can be read
   */
  public Storage storage(String name, Encoding encoding) throws FileFormatException {
    return file(name).storage(name, encoding);
  }

  /**
   * Returns the bytes of one tensor as they are in the file; see {@link SafeTensors#bytes}.
   *
   * @throws FileFormatException if there is no such tensor
   */
  public MemorySegment bytes(String name) throws FileFormatException {
    return file(name).bytes(name);
  }

  /** Returns the shape and the elements of one tensor; see {@link #storage(String)}. */
  public StoredTensor tensor(String name) throws FileFormatException {
    return file(name).tensor(name);
  }

  /**
   * Checks every value of every floating-point tensor.
   *
   * @throws FileFormatException if one is NaN or infinite, with a list of them for the first such
   *     file
   */
  public void checkFinite() throws FileFormatException {
    for (SafeTensors file : new LinkedHashSet<>(fileOf.values())) {
      file.checkFinite();
    }
  }

  private SafeTensors file(String name) throws FileFormatException {
    SafeTensors file = fileOf.get(name);
    if (file == null) {
      throw new FileFormatException(
          folder,
          "has no tensor "
              + Quote.text(name)
              + (fileOf.isEmpty() ? "; it has none at all" : "; it has ")
              + Quote.list(fileOf.keySet(), 5));
    }
    return file;
  }
}
