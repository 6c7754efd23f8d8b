package dev.peft4j.backend.cpu;

/**
 * Copies a matrix from one layout to another. For one thread at a time. Whoever needs it no longer
 * closes it, or leaves that to the garbage collector.
 */
final class DnnReorder implements AutoCloseable {
  private static final int[] ARGUMENTS = {OneDnn.SOURCE, OneDnn.TARGET};

  private final DnnCall call;

  /** The layouts stay the caller's. */
  DnnReorder(long from, long to) {
    this.call = new DnnCall(OneDnn.library().reorder(from, to), ARGUMENTS, new long[] {from, to});
  }

  /**
   * Copies columns of a row-major matrix (k, n) to their place in the same matrix in another
   * layout.
   *
   * @param layout the other layout
   * @param from the first column, a multiple of the layout's blocks
   * @param to the end of the columns, such a multiple too or n
   */
  static DnnReorder columns(int k, int n, int from, int to, long layout) {
    OneDnn dnn = OneDnn.library();
    long[] sizes = {k, to - from};
    long[] start = {0, from};
    long whole = dnn.layout(new long[] {k, n}, new long[] {n, 1});
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
