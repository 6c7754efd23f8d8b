package dev.peft4j.backend.cpu;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;

/**
 * Copies a matrix from one layout to another. For one thread at a time. Whoever needs it no longer
 * closes it, or leaves that to the garbage collector.
 */
final class DnnReorder implements AutoCloseable {
  private static final int[] ARGUMENTS = {OneDnn.SOURCE, OneDnn.TARGET};

  private final DnnCall call;

  /** True for encodings that are read: float32 and bfloat16. */
  static boolean reads(Encoding encoding) {
    return encoding.isPlain() || encoding.equals(Encodings.BFLOAT16);
  }

  /** The layouts stay the caller's. */
  DnnReorder(long from, long to) {
    this.call = new DnnCall(OneDnn.library().reorder(from, to), ARGUMENTS, new long[] {from, to});
  }

  /** Rounds a matrix (m, k) of float32 to bfloat16. */
  static DnnReorder rounding(int m, int k) {
    OneDnn dnn = OneDnn.library();
    long[] sizes = {m, k};
    long[] steps = {k, 1};
    long from = dnn.layout(sizes, steps);
    long to = dnn.layout(sizes, steps, Encodings.BFLOAT16);
    DnnReorder made = new DnnReorder(from, to);
    dnn.destroy("memory_desc", from);
    dnn.destroy("memory_desc", to);
    return made;
  }

  /**
   * Copies columns of a matrix (k, n) to their place in the same matrix in another layout.
   *
   * @param transposed whether it is stored as (n, k)
   * @param encoding how its numbers are stored, one for which {@link #reads} holds
   * @param layout the other layout
   * @param from the first column, a multiple of the layout's blocks
   * @param to the end of the columns, such a multiple too or n
   */
  static DnnReorder columns(
      int k, int n, boolean transposed, Encoding encoding, int from, int to, long layout) {
    OneDnn dnn = OneDnn.library();
    long[] sizes = {k, to - from};
    long[] start = {0, from};
    long[] steps = transposed ? new long[] {1, k} : new long[] {n, 1};
    long whole = dnn.layout(new long[] {k, n}, steps, encoding);
    long source = dnn.part(whole, sizes, start);
    long target = dnn.part(layout, sizes, start);
    DnnReorder made = new DnnReorder(source, target);
    dnn.destroy("memory_desc", whole);
    dnn.destroy("memory_desc", source);
    dnn.destroy("memory_desc", target);
    return made;
  }

  /**
   * Copies.
   *
   * @param source address of what the source's layout describes
   * @param target address of the whole matrix in its new layout
   */
  void run(long source, long target) {
    call.place(0, source);
    call.place(1, target);
    call.run();
  }

  @Override
  public void close() {
    call.close();
  }
}
