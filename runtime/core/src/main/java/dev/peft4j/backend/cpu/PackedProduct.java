package dev.peft4j.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Cleaner;

/**
 * {@code c = a · b + bias} with row-major {@code a} (m, k) and {@code c} (m, n), whose rows are
 * {@code cStep} apart, and {@code b} in the layout that oneDNN likes best for these sizes. For one
 * thread at a time.
 */
final class PackedProduct {
  private static final Cleaner CLEANER = Cleaner.create();
  private static final int PAIR = 16;

  private final OneDnn dnn = OneDnn.library();
  private final long plan;
  private final long primitive;
  private final long stream;
  private final long[] memories;
  private final MemorySegment arguments;

  /** A product of these sizes. */
  PackedProduct(int m, int n, int k, int cStep, boolean bias) {
    long a = dnn.matrix(m, k, k, 1);
    long b = dnn.matrix(k, n);
    long c = dnn.matrix(m, n, cStep, 1);
    long v = bias ? dnn.matrix(1, n, n, 1) : 0;
    this.plan = dnn.product(a, b, v, c);
    this.primitive = dnn.primitive(plan);
    this.stream = dnn.stream();
    int[] names =
        bias
            ? new int[] {OneDnn.SOURCE, OneDnn.WEIGHTS, OneDnn.TARGET, OneDnn.BIAS}
            : new int[] {OneDnn.SOURCE, OneDnn.WEIGHTS, OneDnn.TARGET};
    long[] layouts = {a, layout(), c, v};
    this.memories = new long[names.length];
    this.arguments = Arena.ofAuto().allocate((long) PAIR * names.length, PAIR);
    for (int i = 0; i < names.length; i++) {
      memories[i] = dnn.memory(layouts[i]);
      arguments.set(ValueLayout.JAVA_INT, (long) PAIR * i, names[i]);
      arguments.set(ValueLayout.JAVA_LONG, (long) PAIR * i + 8, memories[i]);
    }
    for (long description : bias ? new long[] {a, b, c, v} : new long[] {a, b, c}) {
      dnn.destroy("memory_desc", description);
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
  static MemorySegment pack(
      long source, int k, int n, int rowStep, int columnStep, long layout) {
    OneDnn dnn = OneDnn.library();
    long from = dnn.matrix(k, n, rowStep, columnStep);
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
