package dev.peft4j.backend.cpu;

/**
 * A product of a few rows with the transpose of a weight in codes, as when tokens are generated:
 * reading the weight takes all the time, so that its codes are read once, as they are. Of a single
 * row they are decoded in registers where there is a loop for that, else a row of the weight is
 * decoded into the first-level cache. Both give the same bits.
 */
final class CodedFewRows extends Kernel {
  /** Bytes of the weight in a piece. */
  private static final long PIECE = 1 << 15;

  /** Rows of the weight that are decoded before they are multiplied. */
  private static final int DECODED = 2;

  private final Loops loops = Loops.best();
  private final CodedProductKernels.Sizes sizes;
  private final CodedRows rows;
  private final boolean bias;
  private final int columns;
  private final int pieces;
  private final int parts;

  CodedFewRows(Site site, CodedProductKernels.Sizes sizes) {
    super(site);
    this.sizes = sizes;
    this.rows = CodedRows.of(site.encoding(1));
    this.bias = site.step().inputs().length > 2;
    long all = Math.max(1, site.encoding(1).bytes(site.in(1).elements()));
    long each = Math.max(1, all / Math.max(1, sizes.n()));
    this.columns = (int) Math.min(sizes.n(), (PIECE / each + 16) / 16 * 16);
    this.pieces = (sizes.n() + columns - 1) / columns;
    this.parts = parts((long) sizes.rows() * sizes.n() * sizes.k(), pieces);
    site.frame().needScratch(4L * DECODED * sizes.k());
  }

  static boolean takes(CodedProductKernels.Sizes s) {
    return s.transposed() && s.rows() >= 1 && s.rows() <= FewRowsKernel.MAX_ROWS && s.k() > 0;
  }

  @Override
  void run() {
    share(parts);
  }

  @Override
  public void run(int part) {
    for (int piece = take(); piece < pieces; piece = take()) {
      int from = piece * columns;
      int count = Math.min(columns, sizes.n() - from);
      dots(from, count, scratch(part));
      for (int r = 0; bias && r < sizes.rows(); r++) {
        long y = out() + 4L * ((long) r * sizes.n() + from);
        loops.binary(Loops.ADD, y, in(2) + 4L * from, y, count);
      }
    }
  }

  private void dots(int from, int count, long decoded) {
    int k = sizes.k();
    if (sizes.rows() == 1 && rows.dots(in(0), in(1), from, count, k, out() + 4L * from)) {
      return;
    }
    for (int j = from; j < from + count; j += DECODED) {
      int some = Math.min(DECODED, from + count - j);
      for (int i = 0; i < some; i++) {
        rows.decode(in(1), (long) (j + i) * k, k, decoded + 4L * i * k);
      }
      long y = out() + 4L * j;
      loops.dots(in(0), 4L * k, sizes.rows(), decoded, 4L * k, some, y, 4L * sizes.n(), k);
    }
  }
}
