package dev.peft4j.tuner.adamss;

import dev.peft4j.random.NumpyRandomState;
import java.util.Arrays;

/**
 * Lloyd's algorithm as scikit-learn runs it for AdaMSS: it starts from rows that NumPy's generator
 * chooses, and ends after ten rounds or when nothing changes. A cluster that loses all rows gets
 * the one that is farthest from its centre.
 */
final class KMeans {
  private static final int ROUNDS = 10;
  private static final long SEED = 123456789;
  private static final double TOLERANCE = 1e-4;

  private final double[][] rows;
  private final int width;
  private double[][] centres;
  private final int[] labels;

  private KMeans(double[][] rows, int width, int clusters) {
    this.rows = rows;
    this.width = width;
    this.labels = new int[rows.length];
    int[] chosen = new NumpyRandomState(SEED).choice(rows.length, clusters);
    this.centres = Arrays.stream(chosen).mapToObj(i -> rows[i].clone()).toArray(double[][]::new);
  }

  /**
   * Returns the cluster of each row.
   *
   * @param values (count, width)
   * @param clusters at most as many as there are rows
   */
  static int[] labels(float[] values, int count, int width, int clusters) {
    double[][] rows = new double[count][width];
    double[] means = new double[width];
    for (int i = 0; i < count; i++) {
      for (int j = 0; j < width; j++) {
        rows[i][j] = values[i * width + j];
        means[j] += rows[i][j] / count;
      }
    }
    double variances = 0;
    for (double[] row : rows) {
      for (int j = 0; j < width; j++) {
        row[j] -= means[j];
        variances += row[j] * row[j] / count;
      }
    }
    KMeans k = new KMeans(rows, width, clusters);
    k.run(TOLERANCE * variances / width);
    return k.labels;
  }

  private void run(double tolerance) {
    int[] before = new int[rows.length];
    Arrays.fill(before, -1);
    for (int round = 0; round < ROUNDS; round++) {
      assign();
      double moved = move();
      if (Arrays.equals(before, labels)) {
        return;
      }
      if (moved <= tolerance) {
        break;
      }
      System.arraycopy(labels, 0, before, 0, labels.length);
    }
    assign();
  }

  private void assign() {
    for (int i = 0; i < rows.length; i++) {
      double least = Double.POSITIVE_INFINITY;
      for (int c = 0; c < centres.length; c++) {
        double d = distance(rows[i], centres[c]);
        if (d < least) {
          least = d;
          labels[i] = c;
        }
      }
    }
  }

  /** Moves each centre to the mean of its rows; returns the sum of the squared distances moved. */
  private double move() {
    double[][] sums = new double[centres.length][width];
    int[] counts = new int[centres.length];
    for (int i = 0; i < rows.length; i++) {
      counts[labels[i]]++;
      add(sums[labels[i]], rows[i], 1);
    }
    fillEmpty(sums, counts);
    double moved = 0;
    for (int c = 0; c < centres.length; c++) {
      for (int j = 0; j < width; j++) {
        sums[c][j] /= counts[c];
      }
      moved += distance(sums[c], centres[c]);
    }
    centres = sums;
    return moved;
  }

  private void fillEmpty(double[][] sums, int[] counts) {
    boolean[] taken = new boolean[rows.length];
    for (int c = 0; c < counts.length; c++) {
      if (counts[c] > 0) {
        continue;
      }
      int far = -1;
      double most = -1;
      for (int i = 0; i < rows.length; i++) {
        double d = distance(rows[i], centres[labels[i]]);
        if (!taken[i] && d > most) {
          most = d;
          far = i;
        }
      }
      taken[far] = true;
      add(sums[labels[far]], rows[far], -1);
      counts[labels[far]]--;
      add(sums[c], rows[far], 1);
      counts[c] = 1;
    }
  }

  private static void add(double[] sum, double[] row, int sign) {
    for (int j = 0; j < sum.length; j++) {
      sum[j] += sign * row[j];
    }
  }

  private static double distance(double[] a, double[] b) {
    double sum = 0;
    for (int j = 0; j < a.length; j++) {
      sum += (a[j] - b[j]) * (a[j] - b[j]);
    }
    return sum;
  }
}
