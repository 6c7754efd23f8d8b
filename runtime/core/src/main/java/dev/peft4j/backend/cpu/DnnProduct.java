package dev.peft4j.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Cleaner;

/**
 * A product by oneDNN, made for certain sizes and layouts and used again and again. For one thread
 * at a time.
 */
final class DnnProduct {
  private static final Cleaner CLEANER = Cleaner.create();
  private static final int PAIR = 16;

  private final OneDnn dnn = OneDnn.library();
  private final long plan;
  private final long primitive;
  private final long stream;
  private final long[] memories;
  private final MemorySegment arguments;

  /** The descriptions are freed; {@code bias} is 0 for none. */
  private DnnProduct(long a, long b, long bias, long c, float factor, boolean add) {
    long attributes = dnn.attributes(factor, add);
    this.plan = dnn.product(a, b, bias, c, attributes);
    this.primitive = dnn.primitive(plan);
    this.stream = dnn.stream();
    int[] names = {OneDnn.SOURCE, OneDnn.WEIGHTS, OneDnn.TARGET, OneDnn.BIAS};
    long[] layouts = {a, layout(), c, bias};
    int count = bias == 0 ? 3 : 4;
    this.memories = new long[count];
    this.arguments = Arena.ofAuto().allocate((long) PAIR * count, PAIR);
    for (int i = 0; i < count; i++) {
      memories[i] = dnn.memory(layouts[i]);
      arguments.set(ValueLayout.JAVA_INT, (long) PAIR * i, names[i]);
      arguments.set(ValueLayout.JAVA_LONG, (long) PAIR * i + 8, memories[i]);
    }
    dnn.destroy("primitive_attr", attributes);
    dnn.destroy("memory_desc", a);
    dnn.destroy("memory_desc", b);
    dnn.destroy("memory_desc", c);
    if (bias != 0) {
      dnn.destroy("memory_desc", bias);
    }
    CLEANER.register(this, new Freed(primitive, plan, stream, memories));
  }

  private record Freed(long primitive, long plan, long stream, long[] memories)
      implements Runnable {
    @Override
    public void run() {
      OneDnn dnn = OneDnn.library();
      for (long memory : memories) {
        dnn.destroy("memory", memory);
      }
      dnn.destroy("stream", stream);
      dnn.destroy("primitive", primitive);
      dnn.destroy("primitive_desc", plan);
    }
  }

  /**
   * {@code c = a · b + bias} with row-major {@code a} (m, k) and {@code c} (m, n), whose rows are
   * {@code cStep} apart, and {@code b} in the layout that the library likes best.
   */
  static DnnProduct packed(int m, int n, int k, int cStep, boolean bias) {
    return product(m, n, k, OneDnn.library().anyLayout(k, n), cStep, bias);
  }

  /** The same with row-major {@code b}, whose rows are {@code bStep} apart. */
  static DnnProduct plain(int m, int n, int k, int bStep, int cStep, boolean bias) {
    long b = OneDnn.library().layout(new long[] {k, n}, new long[] {bStep, 1});
    return product(m, n, k, b, cStep, bias);
  }

  private static DnnProduct product(int m, int n, int k, long b, int cStep, boolean bias) {
    OneDnn dnn = OneDnn.library();
    return new DnnProduct(
        dnn.layout(new long[] {m, k}, new long[] {k, 1}),
        b,
        bias ? dnn.layout(new long[] {1, n}, new long[] {n, 1}) : 0,
        dnn.layout(new long[] {m, n}, new long[] {cStep, 1}),
        1,
        false);
  }

  /** How far apart the elements of matrices that lie in memory in some way are, in elements. */
  record Steps(long matrix, long row, long column) {
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
    return dnn.layout(plan, OneDnn.WEIGHTS_LAYOUT);
  }

  /** Computes; the arguments are addresses, {@code bias} is ignored if there is none. */
  void run(long a, long b, long bias, long c) {
    dnn.place(memories[0], a);
    dnn.place(memories[1], b);
    dnn.place(memories[2], c);
    if (memories.length > 3) {
      dnn.place(memories[3], bias);
    }
    dnn.execute(primitive, stream, memories.length, arguments.address());
  }

  /**
   * Lays out a matrix (k, n).
   *
   * @param source its address
   * @param rowStep distance of its rows in elements
   * @param columnStep distance of its columns
   * @param layout the layout wanted
   * @return the matrix in that layout
   */
  static MemorySegment pack(long source, int k, int n, int rowStep, int columnStep, long layout) {
    OneDnn dnn = OneDnn.library();
    long from = dnn.layout(new long[] {k, n}, new long[] {rowStep, columnStep});
    long plan = dnn.reorder(from, layout);
    long primitive = dnn.primitive(plan);
    long stream = dnn.stream();
    long in = dnn.memory(from);
    long out = dnn.memory(layout);
    MemorySegment packed = HugePages.allocate(Arena.ofAuto(), dnn.bytes(layout));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pairs = arena.allocate(2 * PAIR, PAIR);
      pairs.set(ValueLayout.JAVA_INT, 0, OneDnn.SOURCE);
      pairs.set(ValueLayout.JAVA_LONG, 8, in);
      pairs.set(ValueLayout.JAVA_INT, PAIR, OneDnn.TARGET);
      pairs.set(ValueLayout.JAVA_LONG, PAIR + 8, out);
      dnn.place(in, source);
      dnn.place(out, packed.address());
      dnn.execute(primitive, stream, 2, pairs.address());
    }
    dnn.destroy("memory", in);
    dnn.destroy("memory", out);
    dnn.destroy("stream", stream);
    dnn.destroy("primitive", primitive);
    dnn.destroy("primitive_desc", plan);
    dnn.destroy("memory_desc", from);
    return packed;
  }
}
