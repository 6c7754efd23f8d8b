package dev.peft4j.backend.cpu;

import dev.peft4j.data.DType;
import dev.peft4j.data.Storage;
import java.lang.ref.Reference;

/** The speed of OpenBLAS on this machine, to compare the products of a program with. */
public final class BlasSpeed {
  private static final long NANOS = 150_000_000;

  private BlasSpeed() {}

  /**
   * Returns billions of floating-point operations a second of a float32 product (m, k) · (k, n)
   * through OpenBLAS on all threads ({@code -Dpeft4j.threads}), which share the rows, or the
   * columns if there are more of those. The best of some calls; takes a fraction of a second.
   *
   * @param transposed true if the right operand is stored as (n, k)
   */
  public static double gflops(int m, int n, int k, boolean transposed) {
    Blas.requireLibrary();
    Storage a = Storage.allocate(DType.FLOAT32, (long) m * k);
    Storage b = Storage.allocate(DType.FLOAT32, (long) n * k);
    Storage c = Storage.allocate(DType.FLOAT32, (long) m * n);
    Workers workers = Workers.shared();
    boolean columns = n > m;
    int parts = Math.min(workers.size(), columns ? n : m);
    Workers.Task product =
        part -> {
          int from = Kernel.start(columns ? n : m, part, parts);
          int size = Kernel.start(columns ? n : m, part + 1, parts) - from;
          Blas.gemm(
              false,
              transposed,
              columns ? m : size,
              columns ? size : n,
              k,
              1,
              a.address() + (columns ? 0 : 4L * from * k),
              k,
              b.address() + (columns ? 4L * from * (transposed ? k : 1) : 0),
              transposed ? k : n,
              0,
              c.address() + 4L * from * (columns ? 1 : n),
              n);
        };
    long best = Long.MAX_VALUE;
    long end = System.nanoTime() + NANOS;
    do {
      long start = System.nanoTime();
      workers.run(product, parts);
      best = Math.min(best, System.nanoTime() - start);
    } while (System.nanoTime() < end);
    Reference.reachabilityFence(a);
    Reference.reachabilityFence(b);
    Reference.reachabilityFence(c);
    return 2.0 * m * n * k / best;
  }
}
