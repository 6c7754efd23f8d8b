package dev.peft4j.tuner;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Finds NaN and infinity among numbers. */
final class NonFinite {
  private NonFinite() {}

  /** Says what is found, as the end of a sentence about the numbers; null if all are finite. */
  static @Nullable String in(Storage values, Shape shape) {
    DType type = values.dtype();
    if (type.isInteger()) {
      return null;
    }
    long count = 0;
    long first = -1;
    for (long i = 0; i < values.elements(); i++) {
      if (!Float.isFinite(values.floatAt(i))) {
        first = count++ == 0 ? i : first;
      }
    }
    return count == 0
        ? null
        : values.floatAt(first)
            + " at "
            + place(shape, first)
            + (count == 1
                ? ""
                : " and "
                    + (count - 1)
                    + (count == 2
                        ? " more number that is not finite"
                        : " more numbers that are not finite"));
  }

  private static String place(Shape shape, long index) {
    int[] at = new int[shape.rank()];
    long rest = index;
    for (int d = at.length - 1; d >= 0; d--) {
      at[d] = (int) (rest % shape.dim(d));
      rest /= shape.dim(d);
    }
    return Arrays.toString(at);
  }
}
