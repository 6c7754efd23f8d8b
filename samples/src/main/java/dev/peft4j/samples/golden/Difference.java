package dev.peft4j.samples.golden;

import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The largest absolute difference among compared tensors, and its position. */
final class Difference {
  private final String what;
  private final double tolerance;
  private final boolean scaled;
  private final double dropped;
  private final double smallestUnit;
  private final List<Double> all = new ArrayList<>();
  private double largest;
  private @Nullable String where;

  /** Creates a difference without comparisons. */
  Difference(String what, double tolerance) {
    this(what, tolerance, false, 0, 1);
  }

  private Difference(
      String what, double tolerance, boolean scaled, double dropped, double smallestUnit) {
    this.smallestUnit = smallestUnit;
    this.what = what;
    this.tolerance = tolerance;
    this.scaled = scaled;
    this.dropped = dropped;
  }

  /** Creates one that is relative to the largest number of a tensor where that is above 1. */
  static Difference scaled(String what, double tolerance) {
    return new Difference(what, tolerance, true, 0, 1);
  }

  /** Creates one that is relative to the largest number in some tensors where that is above 1. */
  static Difference relative(String what, double tolerance, Collection<Tensor> all) {
    double largest = 1;
    for (Tensor t : all) {
      largest = largest(t.toFloats(), largest);
    }
    return new Difference(what, tolerance, true, 0, largest);
  }

  private static double largest(float[] values, double least) {
    double unit = least;
    for (float v : values) {
      unit = Math.max(unit, Math.abs(v));
    }
    return unit;
  }

  /**
   * Creates one that leaves a part of all elements out, those that differ most.
   *
   * @param dropped the part, from 0 to 1
   */
  static Difference mostly(String what, double tolerance, double dropped) {
    return new Difference(what, tolerance, false, dropped, 1);
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
    double unit = scaled ? largest(b, smallestUnit) : 1;
    for (int i = 0; i < a.length; i++) {
      if (w == null || !(Math.abs(w[i]) < least)) {
        double d = Math.abs((double) a[i] - b[i]) / unit;
        d = Double.isNaN(d) ? Double.POSITIVE_INFINITY : d;
        all.add(d);
        if (where == null || d > largest) {
          largest = d;
          where = name;
        }
      }
    }
  }

  /** Returns the largest difference; infinite if a value is not a number. */
  double largest() {
    if (dropped == 0 || all.isEmpty()) {
      return largest;
    }
    List<Double> sorted = new ArrayList<>(all);
    sorted.sort(null);
    return sorted.get((int) ((sorted.size() - 1) * (1 - dropped)));
  }

  boolean tooLarge() {
    return largest() > tolerance;
  }

  /** Returns what is wrong if the difference is too large. */
  String complaint() {
    return String.format(
        Locale.ROOT, "%s differs by %.1e in %s, allowed %.0e", what, largest(), where, tolerance);
  }

  /** Returns one difference for each thing compared, the largest, in the order of the list. */
  static List<Difference> largestOfEach(List<Difference> all) {
    Map<String, Difference> kept = new LinkedHashMap<>();
    for (Difference d : all) {
      kept.merge(d.what, d, (a, b) -> b.where != null && b.largest() > a.largest() ? b : a);
    }
    return List.copyOf(kept.values());
  }

  @Override
  public String toString() {
    return what + (where == null ? " -      " : String.format(Locale.ROOT, " %.1e", largest()));
  }
}
