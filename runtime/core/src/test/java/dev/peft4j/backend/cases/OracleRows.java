package dev.peft4j.backend.cases;

import java.util.Arrays;
import java.util.function.UnaryOperator;

/** Softmax, norms and losses in double precision. */
final class OracleRows {
  private OracleRows() {}

  static void each(double[] x, double[] y, int n, UnaryOperator<double[]> f) {
    for (int from = 0; from < x.length; from += n) {
      double[] row = f.apply(Arrays.copyOfRange(x, from, from + n));
      System.arraycopy(row, 0, y, from, n);
    }
  }

  static double[] softmax(double[] x) {
    return Arrays.stream(logSoftmax(x)).map(Math::exp).toArray();
  }

  static double[] logSoftmax(double[] x) {
    double max = Arrays.stream(x).max().orElseThrow();
    double log = max + Math.log(Arrays.stream(x).map(v -> Math.exp(v - max)).sum());
    return Arrays.stream(x).map(v -> v - log).toArray();
  }

  static double[] layerNorm(double[] x, double[] weight, double[] bias, double eps) {
    double mean = Arrays.stream(x).average().orElseThrow();
    double variance = Arrays.stream(x).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
    double[] y = new double[x.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = (x[i] - mean) / Math.sqrt(variance + eps) * weight[i] + bias[i];
    }
    return y;
  }

  static double[] rmsNorm(double[] x, double[] weight, double eps) {
    double square = Arrays.stream(x).map(v -> v * v).average().orElseThrow();
    double[] y = new double[x.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = x[i] / Math.sqrt(square + eps) * weight[i];
    }
    return y;
  }

  static double crossEntropy(double[] logits, double[] labels, int classes, int ignore) {
    double sum = 0;
    int counted = 0;
    for (int r = 0; r < labels.length; r++) {
      if (labels[r] != ignore) {
        sum -=
            logSoftmax(Arrays.copyOfRange(logits, r * classes, (r + 1) * classes))[(int) labels[r]];
        counted++;
      }
    }
    return sum / counted;
  }
}
