package dev.peft4j.io;

import dev.peft4j.data.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** A collector of tensors that hold NaN or infinite values. */
final class FiniteCheck {
  private static final ValueLayout.OfInt BITS =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final List<String> found = new ArrayList<>();

  /**
   * Throws if a floating-point tensor holds a NaN or an infinite value, and lists all that do.
   *
   * @param file the file of the tensors
   */
  static void require(Path file, Map<String, StoredTensor> tensors) throws FileFormatException {
    FiniteCheck check = new FiniteCheck();
    tensors.forEach(
        (name, t) -> {
          TensorType type = TensorType.of(t.storage().encoding());
          if (type != null && type.isFloat()) {
            check.add(name, t.shape(), type, t.storage().segment());
          }
        });
    check.require(file);
  }

  /** Checks one tensor of a floating-point type. */
  void add(String name, Shape shape, TensorType type, MemorySegment bytes) {
    int n = shape.size();
    if (type == TensorType.F32 && allFinite(bytes, n)) {
      return;
    }
    int count = 0;
    int first = -1;
    for (int i = 0; i < n; i++) {
      if (!isFinite(type, bytes, i)) {
        first = count++ == 0 ? i : first;
      }
    }
    if (count > 0) {
      found.add(
          Quote.text(name)
              + " has "
              + count
              + " of "
              + n
              + ", the first "
              + value(type, bytes, first)
              + " at "
              + index(shape, first));
    }
  }

  /** Throws if a tensor was found. */
  void require(Path file) throws FileFormatException {
    if (!found.isEmpty()) {
      throw new FileFormatException(
          file,
          "weights must be finite, but "
              + found.size()
              + (found.size() == 1 ? " tensor has" : " tensors have")
              + " NaN or infinite values: "
              + String.join("; ", found));
    }
  }

  /**
   * Returns the position of element {@code i} as {@code [row, column]}; that of a scalar is {@code
   * []}.
   */
  static String index(Shape shape, int i) {
    int[] at = new int[shape.rank()];
    int rest = i;
    for (int d = at.length - 1; d >= 0; d--) {
      at[d] = rest % shape.dim(d);
      rest /= shape.dim(d);
    }
    return Arrays.toString(at);
  }

  /**
   * Checks all values at once. Of the bits of a float without its sign, those of infinity and NaN
   * are the largest: adding one to the exponent carries into the sign for them alone. HotSpot
   * vectorizes this loop.
   */
  private static boolean allFinite(MemorySegment floats, int n) {
    int carries = 0;
    for (int i = 0; i < n; i++) {
      carries |= (floats.get(BITS, 4L * i) & 0x7fffffff) + 0x00800000;
    }
    return carries >= 0;
  }

  private static boolean isFinite(TensorType type, MemorySegment bytes, int i) {
    return switch (type) {
      case F32 -> Float.isFinite(bytes.get(Conversion.F32, 4L * i));
      case F64 -> Double.isFinite(bytes.get(Conversion.F64, 8L * i));
      case F16 -> (bytes.get(Conversion.I16, 2L * i) & 0x7c00) != 0x7c00;
      case BF16 -> (bytes.get(Conversion.I16, 2L * i) & 0x7f80) != 0x7f80;
      default -> throw new AssertionError(type);
    };
  }

  private static double value(TensorType type, MemorySegment bytes, int i) {
    return switch (type) {
      case F32 -> bytes.get(Conversion.F32, 4L * i);
      case F64 -> bytes.get(Conversion.F64, 8L * i);
      case F16 -> Float.float16ToFloat(bytes.get(Conversion.I16, 2L * i));
      case BF16 -> Float.intBitsToFloat(bytes.get(Conversion.I16, 2L * i) << 16);
      default -> throw new AssertionError(type);
    };
  }
}
