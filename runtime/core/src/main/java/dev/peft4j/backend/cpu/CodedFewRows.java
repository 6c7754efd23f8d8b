package dev.peft4j.backend.cpu;

/**
 * A product of a few rows with the transpose of a weight in codes, as when tokens are generated:
 * reading the weight takes all the time, so that its codes are read once, as they are. For one row,
 * and for every four, they are decoded in registers where there are loops for that, else a row of
 * the weight is decoded into the first-level cache. Both give the same bits.
 */
final class CodedFewRows extends Kernel {
  /** Bytes of the weight in a piece. */
  private static final long PIECE = 1 << 15;

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
    site.frame().needScratch(4L * Math.max(sizes.k(), 64));
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
      long y = out() + 4L * from;
      rows.dots(
          in(0), sizes.rows(), in(1), from, count, sizes.k(), scratch(part), y, 4L * sizes.n());
      for (int r = 0; bias && r < sizes.rows(); r++) {
        long row = y + 4L * r * sizes.n();
        loops.binary(Loops.ADD, row, in(2) + 4L * from, row, count);
      }
    }
  }
}
