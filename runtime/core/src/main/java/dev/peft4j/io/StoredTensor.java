package dev.peft4j.io;

import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import java.nio.file.Path;
import java.util.Map;

/**
 * A tensor as files know it: its sizes and its elements in row-major order.
 *
 * @param shape the sizes
 * @param storage the elements, as many as the shape has
 */
public record StoredTensor(Shape shape, Storage storage) {
  /**
   * Checks that shape and storage agree.
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

  /** A float32 tensor with a copy of {@code values}. */
  public static StoredTensor of(float[] values, int... shape) {
    return new StoredTensor(Shape.of(shape), Storage.of(values));
  }

  /**
   * Looks at every value of every floating-point tensor.
   *
   * @param file where the tensors come from, for the message
   * @param tensors the tensors by name
   * @throws FileFormatException if a value is NaN or infinite; lists each tensor that has such
   *     values with their number, and where the first one is
   */
  public static void requireFinite(Path file, Map<String, StoredTensor> tensors)
      throws FileFormatException {
    FiniteCheck.require(file, tensors);
  }
}
