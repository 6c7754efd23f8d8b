package dev.peft4j.tuner.lora;

import dev.peft4j.linalg.LinearAlgebra;
import dev.peft4j.linalg.LowRankSvd;
import dev.peft4j.random.TorchGenerator;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Principal components of rows that come in batches (Ross et al. 2008), as EVA finds them: each
 * batch is decomposed together with what is known, approximately, with the random numbers of
 * torch's seed 42.
 */
final class IncrementalPca {
  private static final long SEED = 42;
  private static final int ITERATIONS = 4;

  private final int count;
  private final int in;
  private long seen;
  private double[] mean;
  private double[] variance;
  private float @Nullable [] components;
  private float[] singular = {};
  private double[] ratio = {};
  private boolean[] converged;

  IncrementalPca(int count, int in) {
    this.count = count;
    this.in = in;
    this.mean = new double[in];
    this.variance = new double[in];
    this.converged = new boolean[count];
  }

  /** Takes more rows; fewer than there are components are passed over, as in peft. */
  void fit(float[] rows, double similarity) {
    int n = rows.length / in;
    if (n < count) {
      return;
    }
    float[] before = components;
    double[] batchMean = new double[in];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < in; j++) {
        batchMean[j] += (double) rows[i * in + j] / n;
      }
    }
    long total = seen + n;
    double[] nextMean = new double[in];
    double[] nextVariance = new double[in];
    for (int j = 0; j < in; j++) {
      double squares = 0;
      for (int i = 0; i < n; i++) {
        double d = rows[i * in + j] - batchMean[j];
        squares += d * d;
      }
      double apart = mean[j] - batchMean[j];
      nextMean[j] = (mean[j] * seen + batchMean[j] * n) / total;
      nextVariance[j] =
          (variance[j] * seen + squares + (double) seen * n / total * apart * apart) / total;
    }
    int extra = before == null ? 0 : count + 1;
    float[] all = new float[(n + extra) * in];
    if (before != null) {
      double factor = Math.sqrt((double) seen / total * n);
      for (int k = 0; k < count; k++) {
        for (int j = 0; j < in; j++) {
          all[k * in + j] = singular[k] * before[k * in + j];
        }
      }
      for (int j = 0; j < in; j++) {
        all[(count + n) * in + j] = (float) (factor * (mean[j] - batchMean[j]));
      }
    }
    int at = before == null ? 0 : count;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < in; j++) {
        all[(at + i) * in + j] = (float) (rows[i * in + j] - batchMean[j]);
      }
    }
    decompose(all, n + extra, total, nextVariance);
    if (before != null) {
      converge(before, similarity);
    }
    mean = nextMean;
    variance = nextVariance;
    seen = total;
  }

  private void decompose(float[] all, int rows, long total, double[] nextVariance) {
    TorchGenerator torch = new TorchGenerator(SEED);
    int q = Math.min(2 * count, Math.min(rows, in));
    LinearAlgebra.Svd svd = LowRankSvd.of(all, rows, in, q, ITERATIONS, n -> torch.normal(n, 0, 1));
    float[] vt = Arrays.copyOf(svd.vt(), count * in);
    for (int k = 0; k < count; k++) {
      int largest = 0;
      for (int j = 1; j < in; j++) {
        largest = Math.abs(vt[k * in + j]) > Math.abs(vt[k * in + largest]) ? j : largest;
      }
      if (vt[k * in + largest] < 0) {
        for (int j = 0; j < in; j++) {
          vt[k * in + j] = -vt[k * in + j];
        }
      }
    }
    components = vt;
    singular = Arrays.copyOf(svd.s(), count);
    double sum = Arrays.stream(nextVariance).sum() * total;
    ratio = new double[count];
    for (int k = 0; k < count; k++) {
      ratio[k] = (double) singular[k] * singular[k] / sum;
    }
  }

  private void converge(float[] before, double similarity) {
    float[] now = components();
    converged = new boolean[count];
    for (int k = 0; k < count; k++) {
      double dot = 0;
      double a = 0;
      double b = 0;
      for (int j = 0; j < in; j++) {
        dot += (double) now[k * in + j] * before[k * in + j];
        a += (double) now[k * in + j] * now[k * in + j];
        b += (double) before[k * in + j] * before[k * in + j];
      }
      converged[k] = dot / Math.sqrt(a * b) >= similarity;
    }
  }

  /** Returns whether the first components stay what they are. */
  boolean hasConverged(int first) {
    for (int k = 0; k < first; k++) {
      if (!converged[k]) {
        return false;
      }
    }
    return true;
  }

  boolean isReady() {
    return components != null;
  }

  /** Returns the components (count, in), the one of the largest variance first. */
  float[] components() {
    return java.util.Objects.requireNonNull(components);
  }

  float[] singularValues() {
    return singular;
  }

  /** Returns the share of the whole variance that each component explains. */
  double[] explained() {
    return ratio;
  }
}
