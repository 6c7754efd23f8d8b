package dev.peft4j.backend.cpu;

/**
 * Inverses of matrices, one after another, by elimination with row exchanges in double precision.
 */
final class InverseKernel extends Kernel {
  private final int n;
  private final int matrices;
  private final int parts;

  InverseKernel(Site site) {
    super(site);
    this.n = site.out().dim(-1);
    this.matrices = n == 0 ? 0 : (int) (site.out().elements() / ((long) n * n));
    this.parts = parts(2 * site.out().elements() * n, matrices);
  }

  @Override
  void run() {
    share(parts);
  }

  @Override
  public void run(int part) {
    double[] a = new double[n * n];
    int[] from = new int[n];
    int to = start(matrices, part + 1, parts);
    for (int m = start(matrices, part, parts); m < to; m++) {
      long at = 4L * m * n * n;
      for (int i = 0; i < a.length; i++) {
        a[i] = Memory.get(in(0) + at + 4L * i);
      }
      invert(a, from);
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          Memory.set(out() + at + 4L * (i * n + from[j]), (float) a[i * n + j]);
        }
      }
    }
  }

  /** Inverts in place; column j of the result belongs at {@code from[j]}. */
  private void invert(double[] a, int[] from) {
    for (int i = 0; i < n; i++) {
      from[i] = i;
    }
    for (int k = 0; k < n; k++) {
      int pivot = k;
      for (int i = k + 1; i < n; i++) {
        if (Math.abs(a[i * n + k]) > Math.abs(a[pivot * n + k])) {
          pivot = i;
        }
      }
      if (pivot != k) {
        exchange(a, k, pivot);
        int other = from[k];
        from[k] = from[pivot];
        from[pivot] = other;
      }
      eliminate(a, k);
    }
  }

  private void exchange(double[] a, int i, int j) {
    for (int c = 0; c < n; c++) {
      double other = a[i * n + c];
      a[i * n + c] = a[j * n + c];
      a[j * n + c] = other;
    }
  }

  private void eliminate(double[] a, int k) {
    double scale = 1 / a[k * n + k];
    a[k * n + k] = 1;
    for (int c = 0; c < n; c++) {
      a[k * n + c] *= scale;
    }
    for (int i = 0; i < n; i++) {
      double f = a[i * n + k];
      if (i == k || f == 0) {
        continue;
      }
      a[i * n + k] = 0;
      for (int c = 0; c < n; c++) {
        a[i * n + c] -= f * a[k * n + c];
      }
    }
  }
}
