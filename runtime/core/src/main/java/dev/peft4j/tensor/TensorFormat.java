package dev.peft4j.tensor;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Text of tensors as PyTorch prints it: nested brackets in lines of 80 characters, columns of one
 * width, four decimals, and an exponent where numbers differ too much in size. Of more than 1000
 * elements only the first and last three of each dimension are shown.
 */
public final class TensorFormat {
  private static final int LINE = 80;
  private static final int EDGE = 3;
  private static final int MANY = 1000;
  private static final String OPENING = "tensor(";

  private final Tensor tensor;
  private final boolean shortened;
  private final boolean whole;
  private final boolean exponent;
  private final int width;

  private TensorFormat(Tensor tensor) {
    this.tensor = tensor;
    this.shortened = tensor.shape().elements() > MANY;
    List<Integer> shown = new ArrayList<>();
    collect(0, 0, shown);
    boolean wholeSoFar = true;
    double least = Double.POSITIVE_INFINITY;
    double most = 0;
    if (isFloat()) {
      for (int i : shown) {
        float v = tensor.storage().floatAt(i);
        if (Float.isFinite(v) && v != 0) {
          wholeSoFar &= v == Math.ceil(v);
          least = Math.min(least, Math.abs(v));
          most = Math.max(most, Math.abs(v));
        }
      }
    }
    this.whole = wholeSoFar;
    this.exponent = most > 0 && (most / least > 1000 || most > 1e8 || least < 1e-4);
    int widest = 1;
    for (int i : shown) {
      float v = isFloat() ? tensor.storage().floatAt(i) : 1;
      if (Float.isFinite(v) && v != 0) {
        widest = Math.max(widest, number(i).length());
      }
    }
    this.width = widest;
  }

  /** Returns the values of {@code t} as text, for example {@code tensor([[ 0.5000, -1.2000]])}. */
  public static String format(Tensor t) {
    return format(t, "");
  }

  /** Returns the text of {@link #format(Tensor)} with {@code suffix} before the last bracket. */
  public static String format(Tensor t, String suffix) {
    StringBuilder s = new StringBuilder(OPENING);
    String size = "";
    if (t.shape().elements() > 0) {
      new TensorFormat(t).append(s, 0, 0, OPENING.length());
    } else {
      s.append("[]");
      size = t.shape().rank() == 1 ? "" : ", size=" + t.shape();
    }
    String end = size + type(t.node().encoding()) + (suffix.isEmpty() ? "" : ", " + suffix);
    int lastLine = s.length() - (s.lastIndexOf("\n") + 1);
    if (lastLine + end.length() + 1 > LINE) {
      end = ",\n" + " ".repeat(OPENING.length()) + end.substring(2);
    }
    return s.append(end).append(')').toString();
  }

  /** What torch prints of a type, unless it is a usual one. */
  private static String type(Encoding e) {
    boolean usual = e.equals(Encodings.FLOAT32) || e.equals(Encodings.INT64);
    return usual ? "" : ", dtype=" + e.name().toLowerCase(Locale.ROOT);
  }

  private boolean isFloat() {
    return !tensor.dtype().isInteger();
  }

  private int size(int axis) {
    return tensor.shape().dim(axis);
  }

  private int step(int axis) {
    return tensor.shape().product(axis + 1, tensor.shape().rank());
  }

  private boolean cuts(int axis) {
    return shortened && size(axis) > 2 * EDGE;
  }

  private void collect(int axis, int from, List<Integer> into) {
    if (axis == tensor.shape().rank()) {
      into.add(from);
      return;
    }
    for (int i = 0; i < size(axis); i++) {
      if (!cuts(axis) || i < EDGE || i >= size(axis) - EDGE) {
        collect(axis + 1, from + i * step(axis), into);
      }
    }
  }

  private void append(StringBuilder s, int axis, int from, int indent) {
    int rank = tensor.shape().rank();
    if (rank == 0) {
      s.append(padded(from));
      return;
    }
    boolean numbers = axis == rank - 1;
    int perLine = numbers ? Math.max(1, (LINE - indent) / (width + 2)) : 1;
    String between = "," + "\n".repeat(numbers ? 1 : rank - 1 - axis) + " ".repeat(indent + 1);
    s.append('[');
    int written = 0;
    for (int i = 0; i < size(axis); i++) {
      boolean gap = cuts(axis) && i == EDGE;
      if (written > 0) {
        s.append(written % perLine == 0 ? between : ", ");
      }
      written++;
      if (gap) {
        s.append(numbers ? " ..." : "...");
        i = size(axis) - EDGE - 1;
      } else if (numbers) {
        s.append(padded(from + i));
      } else {
        append(s, axis + 1, from + i * step(axis), indent + 1);
      }
    }
    s.append(']');
  }

  private String padded(int i) {
    String n = number(i);
    return " ".repeat(Math.max(0, width - n.length())) + n;
  }

  private String number(int i) {
    if (!isFloat()) {
      return Long.toString(tensor.storage().index(i));
    }
    float v = tensor.storage().floatAt(i);
    if (Float.isNaN(v)) {
      return "nan";
    }
    if (Float.isInfinite(v)) {
      return v > 0 ? "inf" : "-inf";
    }
    return exponent
        ? String.format(Locale.ROOT, "%.4e", v)
        : whole ? String.format(Locale.ROOT, "%.0f.", v) : String.format(Locale.ROOT, "%.4f", v);
  }
}
