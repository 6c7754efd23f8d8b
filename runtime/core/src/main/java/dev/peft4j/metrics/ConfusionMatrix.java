package dev.peft4j.metrics;

import java.util.List;
import java.util.function.IntToDoubleFunction;

/**
 * The number of times that each label was predicted as each class, and the numbers that follow from
 * it: accuracy, precision, recall, F1 and Matthews' correlation. The precision of a class that was
 * never predicted is 0, and so is the recall of one that never occurs (scikit-learn's {@code
 * zero_division=0}).
 */
public final class ConfusionMatrix {
  private final long[][] counts;

  private ConfusionMatrix(long[][] counts) {
    this.counts = counts;
  }

  /**
   * Counts predictions.
   *
   * @param labels the right classes, from 0 to below {@code classes}
   * @param predictions as many predicted classes
   * @param classes number of classes, at least 1
   * @throws IllegalArgumentException if the lengths differ, are 0, or a class is out of range
   */
  public static ConfusionMatrix of(int[] labels, int[] predictions, int classes) {
    Metrics.sameLength("predictions", predictions.length, labels.length);
    if (classes < 1) {
      throw new IllegalArgumentException(classes + " classes, needed at least 1");
    }
    long[][] counts = new long[classes][classes];
    for (int i = 0; i < labels.length; i++) {
      check("label", labels[i], i, classes);
      check("prediction", predictions[i], i, classes);
      counts[labels[i]][predictions[i]]++;
    }
    return new ConfusionMatrix(counts);
  }

  private static void check(String what, int value, int position, int classes) {
    if (value < 0 || value >= classes) {
      throw new IllegalArgumentException(
          "%s %d at position %d is out of range for %d classes (0 to %d)"
              .formatted(what, value, position, classes, classes - 1));
    }
  }

  /** Returns the number of classes. */
  public int classes() {
    return counts.length;
  }

  /** Returns how many examples of class {@code label} were predicted as {@code prediction}. */
  public long count(int label, int prediction) {
    return counts[label][prediction];
  }

  /** Returns the number of examples that have the label: the support of the class. */
  public long support(int label) {
    long sum = 0;
    for (long n : counts[label]) {
      sum += n;
    }
    return sum;
  }

  /** Returns how many examples were predicted as the class. */
  public long predicted(int prediction) {
    long sum = 0;
    for (long[] row : counts) {
      sum += row[prediction];
    }
    return sum;
  }

  private long total() {
    long sum = 0;
    for (int c = 0; c < classes(); c++) {
      sum += support(c);
    }
    return sum;
  }

  /** Returns the fraction of the examples that were predicted right. */
  public double accuracy() {
    long right = 0;
    for (int c = 0; c < classes(); c++) {
      right += counts[c][c];
    }
    return (double) right / total();
  }

  /** Returns right predictions of the class over all predictions of it, or 0 without any. */
  public double precision(int c) {
    return ratio(counts[c][c], predicted(c));
  }

  /** Returns right predictions of the class over all examples of it, or 0 without any. */
  public double recall(int c) {
    return ratio(counts[c][c], support(c));
  }

  /** Returns the harmonic mean of precision and recall of the class. */
  public double f1(int c) {
    return ratio(2 * counts[c][c], predicted(c) + support(c));
  }

  private static double ratio(long part, long whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }

  /** Returns the precision over all classes. */
  public double precision(Average average) {
    return average(average, this::precision);
  }

  /** Returns the recall over all classes. */
  public double recall(Average average) {
    return average(average, this::recall);
  }

  /** Returns F1 over all classes. */
  public double f1(Average average) {
    return average(average, this::f1);
  }

  private double average(Average average, IntToDoubleFunction of) {
    if (average == Average.MICRO) {
      return accuracy();
    }
    double sum = 0;
    double weights = 0;
    for (int c = 0; c < classes(); c++) {
      long support = support(c);
      double weight = average == Average.WEIGHTED ? support : support + predicted(c) > 0 ? 1 : 0;
      sum += weight * of.applyAsDouble(c);
      weights += weight;
    }
    return sum / weights;
  }

  /**
   * Returns Matthews' correlation coefficient for any number of classes (Gorodkin 2004): from -1 to
   * 1, and 0 where labels or predictions are all of one class.
   */
  public double matthews() {
    double n = total();
    double right = 0;
    double both = 0;
    double predicted = 0;
    double support = 0;
    for (int c = 0; c < classes(); c++) {
      right += counts[c][c];
      both += (double) predicted(c) * support(c);
      predicted += (double) predicted(c) * predicted(c);
      support += (double) support(c) * support(c);
    }
    double spread = Math.sqrt(n * n - predicted) * Math.sqrt(n * n - support);
    return spread == 0 ? 0 : (right * n - both) / spread;
  }

  /** Returns the counts as a table: a row a label, a column a prediction. */
  @Override
  public String toString() {
    return table(
        java.util.stream.IntStream.range(0, classes()).mapToObj(Integer::toString).toList());
  }

  /**
   * Returns the counts as a table.
   *
   * @param names of the classes, in their order
   * @throws IllegalArgumentException if there are not as many as classes
   */
  public String table(List<String> names) {
    Metrics.sameLength("names", names.size(), classes());
    int width = 0;
    for (int c = 0; c < classes(); c++) {
      width = Math.max(width, names.get(c).length());
      for (long n : counts[c]) {
        width = Math.max(width, Long.toString(n).length());
      }
    }
    StringBuilder s = new StringBuilder(pad("", width));
    for (String name : names) {
      s.append("  ").append(pad(name, width));
    }
    for (int c = 0; c < classes(); c++) {
      s.append('\n').append(pad(names.get(c), width));
      for (long n : counts[c]) {
        s.append("  ").append(pad(Long.toString(n), width));
      }
    }
    return s.append('\n').toString();
  }

  private static String pad(String s, int width) {
    return " ".repeat(width - s.length()) + s;
  }
}
