package dev.peft4j.tensor;

import dev.peft4j.data.DType;
import java.util.Locale;

/** Prints values as PyTorch does: nested brackets, four decimals. */
public final class TensorFormat {
  private TensorFormat() {}

  /** The values of {@code t} in nested brackets, for example {@code tensor([[0.5000, -1.2000]])}. */
  public static String format(Tensor t) {
    StringBuilder s = new StringBuilder("tensor(");
    append(s, t, 0, 0, "       ");
    return s.append(')').toString();
  }

  private static void append(StringBuilder s, Tensor t, int axis, int from, String indent) {
    if (axis == t.shape().rank()) {
      s.append(
          t.dtype() == DType.FLOAT32
              ? String.format(Locale.ROOT, "%.4f", t.storage().floatAt(from))
              : Long.toString(t.storage().index(from)));
      return;
    }
    int n = t.shape().dim(axis);
    int step = t.shape().product(axis + 1, t.shape().rank());
    boolean rows = axis < t.shape().rank() - 1;
    s.append('[');
    for (int i = 0; i < n; i++) {
      if (i > 0) {
        s.append(rows ? ",\n" + indent + " " : ", ");
      }
      append(s, t, axis + 1, from + i * step, indent + " ");
    }
    s.append(']');
  }
}
