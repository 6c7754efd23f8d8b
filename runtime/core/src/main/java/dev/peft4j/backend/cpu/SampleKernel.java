package dev.peft4j.backend.cpu;

/**
 * Kernels that compute the rows of some samples of a batch, those at which a mask is not 0, and
 * write zeros for the others. Samples side by side are taken together.
 */
abstract class SampleKernel extends Kernel {
  final Loops loops = Loops.best();
  private final int maskInput;
  private final int batch;

  /** Elements of a sample in the result. */
  private final int size;

  SampleKernel(Site site, int maskInput) {
    super(site);
    this.maskInput = maskInput;
    this.batch = site.out().dim(0);
    this.size = site.out().size() / batch;
  }

  @Override
  void run() {
    int from = 0;
    while (from < batch) {
      boolean taken = taken(from);
      int to = from + 1;
      while (to < batch && taken(to) == taken) {
        to++;
      }
      if (taken) {
        compute(from, to);
      } else {
        loops.fill(0, out() + 4L * from * size, (to - from) * size);
      }
      from = to;
    }
  }

  private boolean taken(int sample) {
    return Memory.get(in(maskInput) + 4L * sample) != 0;
  }

  /** Computes the samples from {@code from} to {@code to}. */
  abstract void compute(int from, int to);

  /** Copies the samples. */
  static final class Keep extends SampleKernel {
    private final int size;

    Keep(Site site) {
      super(site, 1);
      this.size = site.out().size() / site.out().dim(0);
    }

    @Override
    void compute(int from, int to) {
      long at = 4L * from * size;
      if (in(0) != out()) {
        loops.copy(in(0) + at, out() + at, (to - from) * size);
      }
    }
  }

  /** Multiplies the rows of the samples with a weight (n, k). */
  static final class Linear extends SampleKernel {
    /** Below this many multiplications a call of a library costs more than the product. */
    private static final long TINY = 1_500;

    /** Rows of the weight that are shorter are not worth a loop of their own. */
    private static final int LONG = 64;

    private final Workers.Task part = this::rows;
    private final int rowsOfSample;
    private final int n;
    private final int k;
    private int first;
    private int rows;
    private int parts;

    Linear(Site site) {
      super(site, 2);
      this.n = site.in(1).dim(0);
      this.k = site.in(1).dim(1);
      this.rowsOfSample = site.out().size() / n / site.out().dim(0);
    }

    @Override
    void compute(int from, int to) {
      first = from * rowsOfSample;
      rows = (to - from) * rowsOfSample;
      parts = parts((long) rows * n * k / 4, rows);
      share(part, parts);
    }

    private void rows(int part) {
      int from = start(rows, part, parts);
      int count = start(rows, part + 1, parts) - from;
      long x = in(0) + 4L * (first + from) * k;
      long y = out() + 4L * (first + from) * n;
      if (count <= FewRowsKernel.MAX_ROWS && k >= LONG) {
        for (int j = 0; j < n; j++) {
          loops.dots(x, 4L * k, count, in(1) + 4L * j * k, y + 4L * j, 4L * n, k);
        }
      } else if ((long) count * n * k > TINY) {
        Blas.gemm(false, true, count, n, k, 1, x, k, in(1), k, 0, y, n);
      } else {
        tiny(x, y, count);
      }
    }

    private void tiny(long x, long y, int count) {
      for (int r = 0; r < count; r++) {
        for (int j = 0; j < n; j++) {
          float sum = 0;
          for (int i = 0; i < k; i++) {
            sum += Memory.get(x + 4L * (r * k + i)) * Memory.get(in(1) + 4L * (j * k + i));
          }
          Memory.set(y + 4L * (r * n + j), sum);
        }
      }
    }
  }
}
