package dev.peft4j.io;

import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import java.nio.file.Path;
import java.util.Map;

/**
 * A tensor as it is stored in files: its sizes and its elements in row-major order.
 *
 * @param shape the sizes
 * @param storage the elements, as many as the shape has
 */
public record StoredTensor(Shape shape, Storage storage) {
  /**
   * Creates a tensor.
   *
   * @throws IllegalArgumentException if the storage has another number of elements than the shape
   */
  public StoredTensor {
    if (shape.elements() != storage.elements()) {
      throw new IllegalArgumentException(
          "a tensor of shape "
              + shape
              + " has "
              + shape.elements()
              + " elements, its storage "
              + storage.elements());
    }
  }

  /** Returns a float32 tensor with a copy of {@code values}. */
  public static StoredTensor of(float[] values, int... shape) {
    return new StoredTensor(Shape.of(shape), Storage.of(values));
  }

  /**
   * Checks every value of every floating-point tensor.
   *
   * @param file the file of the tensors, for the message
   * @param tensors the tensors by name
   * @throws FileFormatException if a value is NaN or infinite; with a list of these tensors, the
   *     number of such values and the position of the first one
   */
  public static void requireFinite(Path file, Map<String, StoredTensor> tensors)
      throws FileFormatException {
    FiniteCheck.require(file, tensors);
  }
}
