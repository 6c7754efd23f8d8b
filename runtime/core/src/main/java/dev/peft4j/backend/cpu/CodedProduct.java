package dev.peft4j.backend.cpu;

/**
 * A product of many rows with a weight in codes: a panel of the weight is decoded into scratch
 * memory that stays in the second-level cache and multiplied there by OpenBLAS.
 */
final class CodedProduct extends Kernel {
  /** Values of a panel at most: 256 KiB, a part of the second-level cache. */
  private static final int PANEL = 1 << 16;

  /** Columns of a piece of the result. */
  private static final int COLUMNS = 128;

  /** Rows of a piece: a panel is decoded for each, which is little beside so many rows. */
  private static final int ROWS = 512;

  /** Length of the products that a panel is for; a longer one is summed up panel by panel. */
  private static final int LENGTH = PANEL / COLUMNS;

  private final Loops loops = Loops.best();
  private final CodedProductKernels.Sizes sizes;
  private final CodedRows rows;
  private final boolean bias;
  private final int columnPieces;
  private final int pieces;
  private final int parts;

  CodedProduct(Site site, CodedProductKernels.Sizes sizes) {
    super(site);
    this.sizes = sizes;
    this.rows = CodedRows.of(site.encoding(1));
    this.bias = site.step().inputs().length > 2;
    this.columnPieces = (sizes.n() + COLUMNS - 1) / COLUMNS;
    this.pieces = columnPieces * ((sizes.rows() + ROWS - 1) / ROWS);
    this.parts = parts((long) sizes.rows() * sizes.n() * sizes.k() / 4, pieces);
    site.frame().needScratch(4L * PANEL);
  }

  @Override
  void run() {
    share(parts);
  }

  @Override
  public void run(int part) {
    // the pieces are the same for any number of threads, and so are the results
    for (int piece = take(); piece < pieces; piece = take()) {
      int row = piece / columnPieces * ROWS;
      int column = piece % columnPieces * COLUMNS;
      multiply(
          scratch(part),
          row,
          Math.min(ROWS, sizes.rows() - row),
          column,
          Math.min(COLUMNS, sizes.n() - column));
    }
  }

  private void multiply(long panel, int row, int count, int column, int columns) {
    long c = out() + 4L * ((long) row * sizes.n() + column);
    if (bias) {
      for (int r = 0; r < count; r++) {
        loops.copy(in(2) + 4L * column, c + 4L * r * sizes.n(), columns);
      }
    } else if (sizes.k() == 0) {
      for (int r = 0; r < count; r++) {
        loops.fill(0, c + 4L * r * sizes.n(), columns);
      }
    }
    for (int from = 0; from < sizes.k(); from += LENGTH) {
      int length = Math.min(LENGTH, sizes.k() - from);
      decode(panel, column, columns, from, length);
      Blas.gemm(
          false,
          sizes.transposed(),
          count,
          columns,
          length,
          1,
          in(0) + 4L * ((long) row * sizes.k() + from),
          sizes.k(),
          panel,
          sizes.transposed() ? length : columns,
          bias || from > 0 ? 1 : 0,
          c,
          sizes.n());
    }
  }

  /** Decodes what the weight has for these columns of the result and this part of its sums. */
  private void decode(long panel, int column, int columns, int from, int length) {
    int firstRow = sizes.transposed() ? column : from;
    int count = sizes.transposed() ? columns : length;
    int first = sizes.transposed() ? from : column;
    int values = sizes.transposed() ? length : columns;
    long width = sizes.transposed() ? sizes.k() : sizes.n();
    for (int r = 0; r < count; r++) {
      rows.decode(in(1), (firstRow + r) * width + first, values, panel + 4L * r * values);
    }
  }
}
