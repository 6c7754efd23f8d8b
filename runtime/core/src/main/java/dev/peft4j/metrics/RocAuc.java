package dev.peft4j.metrics;

import java.util.Arrays;
import java.util.Comparator;

/** Areas under curves of true over false positives. */
final class RocAuc {
  /** The largest distance from 1 that a sum of probabilities in single precision may have. */
  private static final double NEAR_ONE = 1e-4;

  private RocAuc() {}

  /** Computes the area by ranks; labels are 0 and 1, and both occur. */
  static double binary(int[] labels, double[] scores) {
    long positive = 0;
    for (int i = 0; i < labels.length; i++) {
      Metrics.notNaN("rocAuc: score", scores[i], i);
      positive += labels[i];
    }
    long negative = labels.length - positive;
    Integer[] order = new Integer[labels.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, Comparator.comparingDouble(i -> scores[i] + 0.0)); // -0 is 0
    double above = 0;
    for (int from = 0, to; from < order.length; from = to) {
      int here = 0;
      for (to = from; to < order.length && scores[order[to]] == scores[order[from]]; to++) {
        here += labels[order[to]];
      }
      // the mean rank of equal scores, from 1 on
      above += here * ((long) from + to + 1) / 2.0;
    }
    return (above - positive * (positive + 1) / 2.0) / ((double) positive * negative);
  }

  static double oneVersusRest(int[] labels, double[][] probabilities, Average average) {
    Metrics.sameLength("rows of probabilities", probabilities.length, labels.length);
    int classes = probabilities[0].length;
    int[] support = new int[classes];
    for (int i = 0; i < labels.length; i++) {
      check(labels[i], probabilities[i], i, classes);
      support[labels[i]]++;
    }
    for (int c = 0; c < classes; c++) {
      if (support[c] == 0 || support[c] == labels.length) {
        throw new IllegalArgumentException(
            "rocAuc: class %d has %d of %d examples; each of the %d classes is compared with the rest, and needs examples of both"
                .formatted(c, support[c], labels.length, classes));
      }
    }
    if (average == Average.MICRO) {
      int[] all = new int[labels.length * classes];
      for (int i = 0; i < labels.length; i++) {
        all[i * classes + labels[i]] = 1;
      }
      return binary(all, Arrays.stream(probabilities).flatMapToDouble(Arrays::stream).toArray());
    }
    double sum = 0;
    double weights = 0;
    for (int c = 0; c < classes; c++) {
      int one = c;
      double area =
          binary(
              Arrays.stream(labels).map(l -> l == one ? 1 : 0).toArray(),
              Arrays.stream(probabilities).mapToDouble(row -> row[one]).toArray());
      double weight = average == Average.WEIGHTED ? support[c] : 1;
      sum += weight * area;
      weights += weight;
    }
    return sum / weights;
  }

  private static void check(int label, double[] row, int position, int classes) {
    if (row.length != classes) {
      throw new IllegalArgumentException(
          "rocAuc: row %d has %d probabilities, needed %d as in the first"
              .formatted(position, row.length, classes));
    }
    if (label < 0 || label >= classes) {
      throw new IllegalArgumentException(
          "rocAuc: label %d at position %d is out of range for %d classes"
              .formatted(label, position, classes));
    }
    double sum = 0;
    for (double p : row) {
      sum += p;
    }
    if (!(Math.abs(sum - 1) <= NEAR_ONE)) {
      throw new IllegalArgumentException(
          "rocAuc: the probabilities of row %d have the sum %s, needed 1; logits become probabilities by softmax"
              .formatted(position, sum));
    }
  }
}
