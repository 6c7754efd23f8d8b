package dev.peft4j.io;

import dev.peft4j.data.Shape;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * An adapter as it lies in a folder.
 *
 * @param folder where it was read from
 * @param config its settings
 * @param tensors its weights under the names in the file, in the file's order; the memory is their
 *     own, not the file's, and may be written to
 */
public record Adapter(
    Path folder, AdapterConfig config, SequencedMap<String, StoredTensor> tensors) {

  /** The weights' file. */
  public Path weightsFile() {
    return folder.resolve(PeftFormat.WEIGHTS_FILE);
  }

  /** Each weight's shape, in the file's order. */
  public SequencedMap<String, Shape> shapes() {
    SequencedMap<String, Shape> out = new LinkedHashMap<>();
    tensors.forEach((name, t) -> out.put(name, t.shape()));
    return out;
  }

  /**
   * Looks at every weight.
   *
   * @throws FileFormatException if one is NaN or infinite, listing where
   */
  public void checkFinite() throws FileFormatException {
    FiniteCheck.require(weightsFile(), tensors);
  }
}
