package dev.peft4j.backend.cpu;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import java.util.Arrays;

/**
 * A product by oneDNN, made for certain sizes and layouts and used again and again. For one thread
 * at a time.
 */
final class DnnProduct {
  private final DnnCall call;
  private final boolean hasExtra;

  /**
   * What is added to a product: a bias to the sum, or a mask to the scaled sum.
   *
   * @param argument the number of the C API
   * @param layout 0 if there is none
   */
  private record Extra(int argument, long layout) {
    static final Extra NONE = new Extra(0, 0);
  }

  /** The descriptions and attributes are freed. */
  private DnnProduct(long a, long b, long c, Extra extra, long attributes) {
    OneDnn dnn = OneDnn.library();
    long bias = extra.argument == OneDnn.BIAS ? extra.layout : 0;
    long plan = dnn.product(a, b, bias, c, attributes);
    long weights = dnn.layout(plan, OneDnn.WEIGHTS_LAYOUT);
    int[] names = {OneDnn.SOURCE, OneDnn.WEIGHTS, OneDnn.TARGET, extra.argument};
    long[] layouts = {a, weights, c, extra.layout};
    this.hasExtra = extra.layout != 0;
    int count = hasExtra ? 4 : 3;
    this.call = new DnnCall(plan, Arrays.copyOf(names, count), Arrays.copyOf(layouts, count));
    dnn.destroy("primitive_attr", attributes);
    for (int i = 0; i < count; i++) {
      dnn.destroy("memory_desc", i == 1 ? b : layouts[i]);
    }
  }

  /**
   * {@code c = a · b + bias} with row-major {@code a} (m, k) and {@code c} (m, n), whose rows are
   * {@code cStep} apart, and {@code b} in the layout that the library likes best.
   */
  static DnnProduct packed(int m, int n, int k, int cStep, boolean bias) {
    return packed(m, n, k, cStep, bias, Encodings.FLOAT32);
  }

  /** The same with both factors in float32 or bfloat16; the result and the bias are float32. */
  static DnnProduct packed(int m, int n, int k, int cStep, boolean bias, Encoding factors) {
    OneDnn dnn = OneDnn.library();
    long left = dnn.layout(new long[] {m, k}, new long[] {k, 1}, factors);
    return product(m, n, left, dnn.anyLayout(k, n, factors), cStep, bias);
  }

  /**
   * The same with both factors in bfloat16, and the rows of {@code a} some elements apart.
   *
   * @param add whether the product is added to what is in {@code c}
   */
  static DnnProduct rounded(int m, int n, int k, int aStep, int cStep, boolean bias, boolean add) {
    OneDnn dnn = OneDnn.library();
    Encoding half = Encodings.BFLOAT16;
    long left = dnn.layout(new long[] {m, k}, new long[] {aStep, 1}, half);
    return product(m, n, left, dnn.anyLayout(k, n, half), cStep, bias, add);
  }

  /** The same with {@code a} and {@code b} as they lie; their matrix steps are ignored. */
  static DnnProduct plain(int m, int n, int k, Steps a, Steps b, int cStep, boolean bias) {
    OneDnn dnn = OneDnn.library();
    long left = dnn.layout(new long[] {m, k}, new long[] {a.row, a.column});
    long right = dnn.layout(new long[] {k, n}, new long[] {b.row, b.column});
    return product(m, n, left, right, cStep, bias);
  }

  private static DnnProduct product(int m, int n, long a, long b, int cStep, boolean bias) {
    return product(m, n, a, b, cStep, bias, false);
  }

  private static DnnProduct product(
      int m, int n, long a, long b, int cStep, boolean bias, boolean add) {
    OneDnn dnn = OneDnn.library();
    long target = dnn.layout(new long[] {m, n}, new long[] {cStep, 1});
    long added = bias ? dnn.layout(new long[] {1, n}, new long[] {n, 1}) : 0;
    return new DnnProduct(a, b, target, new Extra(OneDnn.BIAS, added), dnn.attributes(1, 0, add));
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
   * {@code c = factor * a · b + mask}, or that added to {@code c}, for {@code count} matrices (m,
   * k), (k, n) and (m, n); the mask is one row of n elements.
   */
  static DnnProduct batched(
      int count,
      int m,
      int n,
      int k,
      Steps a,
      Steps b,
      Steps c,
      float factor,
      boolean mask,
      boolean add) {
    OneDnn dnn = OneDnn.library();
    long row = mask ? dnn.layout(new long[] {1, 1, n}, new long[] {n, n, 1}) : 0;
    return new DnnProduct(
        dnn.layout(new long[] {count, m, k}, a.toArray()),
        dnn.layout(new long[] {count, k, n}, b.toArray()),
        dnn.layout(new long[] {count, m, n}, c.toArray()),
        mask ? new Extra(OneDnn.addend(factor), row) : Extra.NONE,
        dnn.attributes(factor, row, add));
  }

  /** The layout of {@code b}; it belongs to this product. */
  long layout() {
    return call.layout(OneDnn.WEIGHTS_LAYOUT);
  }

  /**
   * Computes; the arguments are addresses, {@code extra} that of a bias or mask if there is one.
   */
  void run(long a, long b, long extra, long c) {
    call.place(0, a);
    call.place(1, b);
    call.place(2, c);
    if (hasExtra) {
      call.place(3, extra);
    }
    call.run();
  }
}
