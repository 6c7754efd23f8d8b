package dev.peft4j.samples.golden;

import dev.peft4j.tensor.Tensor;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The largest absolute difference among compared tensors, and its position. */
final class Difference {
  private final String what;
  private final double tolerance;
  private double largest;
  private @Nullable String where;

  /** Creates a difference without comparisons. */
  Difference(String what, double tolerance) {
    this.what = what;
    this.tolerance = tolerance;
  }

  /** Compares every element. */
  void add(String name, Tensor found, @Nullable Tensor expected) {
    add(name, found, expected, null, 0);
  }

  /**
   * Compares the elements where the absolute value of {@code weight} is at least {@code least}, or
   * all elements if it is null.
   */
  void add(
      String name, Tensor found, @Nullable Tensor expected, @Nullable Tensor weight, float least) {
    if (expected == null) {
      throw new IllegalArgumentException("io.safetensors has no " + name);
    }
    if (!found.shape().equals(expected.shape())) {
      throw new IllegalArgumentException(
          name + " has shape " + found.shape() + ", peft's has " + expected.shape());
    }
    float[] a = found.toFloats();
    float[] b = expected.toFloats();
    float[] w = weight == null ? null : weight.toFloats();
    for (int i = 0; i < a.length; i++) {
      if (w == null || !(Math.abs(w[i]) < least)) {
        double d = Math.abs((double) a[i] - b[i]);
        d = Double.isNaN(d) ? Double.POSITIVE_INFINITY : d;
        if (where == null || d > largest) {
          largest = d;
          where = name;
        }
      }
    }
  }

  /** Returns the largest difference; infinite if a value is not a number. */
  double largest() {
    return largest;
  }

  boolean tooLarge() {
    return largest > tolerance;
  }

  /** Returns what is wrong if the difference is too large. */
  String complaint() {
    return String.format(
        Locale.ROOT, "%s differs by %.1e in %s, allowed %.0e", what, largest, where, tolerance);
  }

  @Override
  public String toString() {
    return what + (where == null ? " -      " : String.format(Locale.ROOT, " %.1e", largest));
  }
}
