package dev.peft4j.io;

import dev.peft4j.data.Shape;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * An adapter that was read from a folder.
 *
 * @param folder the folder
 * @param config its settings
 * @param tensors its weights by their names in the file, in the file's order; their memory is not
 *     the file's and may be written to
 */
public record Adapter(
    Path folder, AdapterConfig config, SequencedMap<String, StoredTensor> tensors) {

  /** Returns the file of the weights. */
  public Path weightsFile() {
    return folder.resolve(PeftFormat.WEIGHTS_FILE);
  }

  /** Returns the shape of each weight, in the file's order. */
  public SequencedMap<String, Shape> shapes() {
    SequencedMap<String, Shape> out = new LinkedHashMap<>();
    tensors.forEach((name, t) -> out.put(name, t.shape()));
    return out;
  }

  /**
   * Checks every weight.
   *
   * @throws FileFormatException if one is NaN or infinite, with a list of them
   */
  public void checkFinite() throws FileFormatException {
    FiniteCheck.require(weightsFile(), tensors);
  }
}
