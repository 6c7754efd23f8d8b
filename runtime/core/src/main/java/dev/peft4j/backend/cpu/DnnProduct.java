package dev.peft4j.backend.cpu;

import java.util.Arrays;

/**
 * A product by oneDNN, made for certain sizes and layouts and used again and again. For one thread
 * at a time.
 */
final class DnnProduct {
  private static final int[] ARGUMENTS = {
    OneDnn.SOURCE, OneDnn.WEIGHTS, OneDnn.TARGET, OneDnn.BIAS
  };

  private final DnnCall call;
  private final boolean bias;

  /** The descriptions are freed; {@code bias} is 0 for none. */
  private DnnProduct(long a, long b, long bias, long c, float factor, boolean add) {
    OneDnn dnn = OneDnn.library();
    long attributes = dnn.attributes(factor, add);
    long plan = dnn.product(a, b, bias, c, attributes);
    long weights = dnn.layout(plan, OneDnn.WEIGHTS_LAYOUT);
    int count = bias == 0 ? 3 : 4;
    this.bias = bias != 0;
    this.call =
        new DnnCall(
            plan,
            Arrays.copyOf(ARGUMENTS, count),
            Arrays.copyOf(new long[] {a, weights, c, bias}, count));
    dnn.destroy("primitive_attr", attributes);
    dnn.destroy("memory_desc", a);
    dnn.destroy("memory_desc", b);
    dnn.destroy("memory_desc", c);
    if (bias != 0) {
      dnn.destroy("memory_desc", bias);
    }
  }

  /**
   * {@code c = a · b + bias} with row-major {@code a} (m, k) and {@code c} (m, n), whose rows are
   * {@code cStep} apart, and {@code b} in the layout that the library likes best.
   */
  static DnnProduct packed(int m, int n, int k, int cStep, boolean bias) {
    OneDnn dnn = OneDnn.library();
    long left = dnn.layout(new long[] {m, k}, new long[] {k, 1});
    return product(m, n, left, dnn.anyLayout(k, n), cStep, bias);
  }

  /** The same with {@code a} and {@code b} as they lie; their matrix steps are ignored. */
  static DnnProduct plain(int m, int n, int k, Steps a, Steps b, int cStep, boolean bias) {
    OneDnn dnn = OneDnn.library();
    long left = dnn.layout(new long[] {m, k}, new long[] {a.row, a.column});
    long right = dnn.layout(new long[] {k, n}, new long[] {b.row, b.column});
    return product(m, n, left, right, cStep, bias);
  }

  private static DnnProduct product(int m, int n, long a, long b, int cStep, boolean bias) {
    OneDnn dnn = OneDnn.library();
    return new DnnProduct(
        a,
        b,
        bias ? dnn.layout(new long[] {1, n}, new long[] {n, 1}) : 0,
        dnn.layout(new long[] {m, n}, new long[] {cStep, 1}),
        1,
        false);
  }

  /** How far apart the elements of matrices that lie in memory in some way are, in elements. */
  record Steps(long matrix, long row, long column) {
    /** One matrix, stored row by row with that many columns, or the transpose of such a one. */
    static Steps of(int columns, boolean transposed) {
      return transposed ? new Steps(0, 1, columns) : new Steps(0, columns, 1);
    }

    private long[] toArray() {
      return new long[] {matrix, row, column};
    }
  }

  /**
   * {@code c = factor * a · b}, or that added to {@code c}, for {@code count} matrices (m, k), (k,
   * n) and (m, n).
   */
  static DnnProduct batched(
      int count, int m, int n, int k, Steps a, Steps b, Steps c, float factor, boolean add) {
    OneDnn dnn = OneDnn.library();
    return new DnnProduct(
        dnn.layout(new long[] {count, m, k}, a.toArray()),
        dnn.layout(new long[] {count, k, n}, b.toArray()),
        0,
        dnn.layout(new long[] {count, m, n}, c.toArray()),
        factor,
        add);
  }

  /** The layout of {@code b}; it belongs to this product. */
  long layout() {
    return call.layout(OneDnn.WEIGHTS_LAYOUT);
  }

  /** Computes; the arguments are addresses, {@code bias} is ignored if there is none. */
  void run(long a, long b, long bias, long c) {
    call.place(0, a);
    call.place(1, b);
    call.place(2, c);
    if (this.bias) {
      call.place(3, bias);
    }
    call.run();
  }
}
