package dev.peft4j.io;

import dev.peft4j.data.Shape;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/**
 * The weights of a whole model in a safetensors file. A path that ends in {@code .safetensors} is
 * the file; any other path is a folder, and the file is {@code model.safetensors} in it, as in
 * those of transformers.
 */
public final class WeightsFile {
  private static final String END = ".safetensors";
  private static final String NAME = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";
  private static final String ADAPTER = "adapter_config.json";

  private WeightsFile() {}

  /** Returns whether the path is that of a file by its name. */
  public static boolean isFile(Path path) {
    return String.valueOf(path.getFileName()).endsWith(END);
  }

  /**
   * Returns whether there are weights of a whole model: a file, or a folder with such a file and no
   * adapter.
   */
  public static boolean isThere(Path path) {
    return Files.isRegularFile(path)
        || !AtomicFiles.exists(path.resolve(ADAPTER))
            && (AtomicFiles.exists(path.resolve(NAME)) || AtomicFiles.exists(path.resolve(INDEX)));
  }

  /**
   * Writes weights; missing folders are created. An old file is replaced when the new one is
   * complete.
   *
   * @return the file
   * @throws FileFormatException if the folder contains an adapter, beside which a model's weights
   *     would be mistaken for its base
   * @throws IOException if it cannot be written; an old file is unchanged then
   */
  public static Path write(Path path, Map<String, StoredTensor> tensors) throws IOException {
    if (!isFile(path) && AtomicFiles.exists(path.resolve(ADAPTER))) {
      throw new FileFormatException(
          path,
          "has an adapter (adapter_config.json): a whole model goes to another folder, or to a file"
              + " whose name ends in .safetensors");
    }
    Path file = isFile(path) ? path : path.resolve(NAME);
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      try {
        Files.createDirectories(folder);
      } catch (FileAlreadyExistsException e) {
        throw new FileFormatException(
            folder, "is a file, expected a folder, or the name of a file in .safetensors", e);
      }
    }
    SafeTensors.write(file, tensors);
    return file;
  }

  /**
   * Reads weights; those of a folder may be in several files with an index.
   *
   * @throws FileFormatException if there are no weights, or it is something else, such as an
   *     adapter
   */
  public static SequencedMap<String, StoredTensor> read(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      if (!AtomicFiles.exists(path)) {
        throw new FileFormatException(
            path,
            "does not exist, expected a .safetensors file or a folder with model.safetensors");
      }
      return tensors(SafeTensors.open(path));
    }
    if (AtomicFiles.exists(path.resolve(NAME))) {
      return tensors(SafeTensors.open(path.resolve(NAME)));
    }
    if (AtomicFiles.exists(path.resolve(ADAPTER))) {
      throw new FileFormatException(
          path,
          "is the folder of an adapter, expected the weights of a whole model; an adapter is"
              + " attached by PeftModel.load(model, folder)");
    }
    SequencedMap<String, StoredTensor> found = new LinkedHashMap<>();
    for (Map.Entry<String, SafeTensors> e : ModelFolder.weights(path).entrySet()) {
      found.put(e.getKey(), e.getValue().tensor(e.getKey()));
    }
    return found;
  }

  private static SequencedMap<String, StoredTensor> tensors(SafeTensors file) throws IOException {
    SequencedMap<String, StoredTensor> found = new LinkedHashMap<>();
    for (String name : file.names()) {
      found.put(name, file.tensor(name));
    }
    return found;
  }

  /** Returns shapes by name. */
  public static SequencedMap<String, Shape> shapes(Map<String, StoredTensor> tensors) {
    SequencedMap<String, Shape> shapes = new LinkedHashMap<>();
    tensors.forEach((name, t) -> shapes.put(name, t.shape()));
    return shapes;
  }
}
