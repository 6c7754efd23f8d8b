package dev.peft4j.backend.cpu;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * A product of many rows with a weight in codes, both factors rounded to bfloat16 ({@link
 * OneDnn#ROUNDS}): a panel of the weight is decoded into the cache, rounded and packed for oneDNN,
 * and multiplied there with all rows of a chunk, so that each panel is decoded once. Sums are
 * float32.
 */
final class CodedRoundedProduct extends Kernel {
  /** With fewer rows there is little to gain. */
  static final int MIN_ROWS = 128;

  /** Rows that are rounded together. */
  private static final int CHUNK = 1024;

  /** Columns of a panel, or as many as a block has values that lie along them. */
  private static final int COLUMNS = 64;

  /** Length of the products of a panel; a longer one is summed up panel by panel. */
  private static final int LENGTH = 2048;

  /** Sizes of one call. */
  private record Call(int m, int n, int k, int step, int next, boolean bias, boolean add) {
    DnnProduct make() {
      return DnnProduct.rounded(m, n, k, step, next, bias, add);
    }
  }

  private record Packing(int k, int n, boolean transposed, long layout) {
    DnnReorder make() {
      return DnnReorder.columns(k, n, transposed, Encodings.FLOAT32, 0, n, layout);
    }
  }

  private record Rounding(int m, int k) {}

  /** What of the result is computed at a time. */
  private record Piece(int row, int rows, int column, int columns) {}

  private final CodedProductKernels.Sizes sizes;
  private final CodedRows codes;
  private final boolean bias;
  private final int width;
  private final int length;
  private final int parts;
  private final int chunks;
  private final Piece[][] pieces;

  /** By part. */
  private final Map<Call, DnnProduct>[] products;

  private final Map<Call, DnnReorder>[] packing;
  private final DnnReorder[][] rounding;

  /** Bytes of a part's panel in float32, and of what all parts have before the rounded rows. */
  private final long panelBytes;

  private final long before;

  // of the chunk that is computed
  private int chunk;

  private final Workers.Task round = this::round;

  @SuppressWarnings({"unchecked", "rawtypes"})
  CodedRoundedProduct(Site site, CodedProductKernels.Sizes sizes) {
    super(site);
    this.sizes = sizes;
    Encoding encoding = site.encoding(1);
    this.codes = CodedRows.of(encoding);
    this.bias = site.step().inputs().length > 2;
    this.width = sizes.transposed() ? COLUMNS : Math.max(COLUMNS, encoding.blockValues());
    this.length = Math.min(sizes.k(), LENGTH);
    int all = (sizes.n() + width - 1) / width;
    this.parts = parts((long) sizes.rows() * sizes.n() * sizes.k() / 4, Integer.MAX_VALUE);
    this.chunks = (sizes.rows() + CHUNK - 1) / CHUNK;
    this.pieces = new Piece[chunks][];
    this.products = new Map[parts];
    this.packing = new Map[parts];
    this.rounding = new DnnReorder[chunks][parts];
    for (int p = 0; p < parts; p++) {
      products[p] = new HashMap<>();
      packing[p] = new HashMap<>();
    }
    long packed = 0;
    for (int c = 0; c < chunks; c++) {
      pieces[c] = cut(all, rows(c));
      for (Piece piece : pieces[c]) {
        for (int from = 0; from < sizes.k(); from += length) {
          packed = Math.max(packed, prepare(site, call(piece, from)));
        }
      }
      for (int p = 0; p < parts; p++) {
        int height = start(rows(c), p + 1, parts) - start(rows(c), p, parts);
        rounding[c][p] =
            site.frame()
                .shared(
                    p,
                    new Rounding(height, sizes.k()),
                    () -> DnnReorder.rounding(height, sizes.k()));
      }
    }
    this.panelBytes = line(4L * Math.min(width, sizes.n()) * length);
    long each = panelBytes + line(packed);
    this.before = each * parts;
    long rows = line(2L * Math.min(CHUNK, sizes.rows()) * sizes.k());
    int threads = Workers.shared().size();
    site.frame().needScratch((before + rows + threads - 1) / threads); // one piece for all parts
  }

  /** True if this computes the product. */
  static boolean takes(CodedProductKernels.Sizes s) {
    return OneDnn.ROUNDS
        && OneDnn.available()
        && s.rows() >= MIN_ROWS
        && s.n() >= COLUMNS
        && s.k() >= COLUMNS;
  }

  private static long line(long bytes) {
    return (bytes + 63) / 64 * 64;
  }

  private int rows(int chunk) {
    return start(sizes.rows(), chunk + 1, chunks) - start(sizes.rows(), chunk, chunks);
  }

  /** Panels that do not come out even are dealt out by rows: each part decodes them. */
  private Piece[] cut(int panels, int rows) {
    int odd = panels % parts;
    Piece[] all = new Piece[panels - odd + odd * parts];
    int n = 0;
    for (int panel = 0; panel < panels; panel++) {
      int column = panel * width;
      int columns = Math.min(width, sizes.n() - column);
      int pieces = panel < panels - odd ? 1 : parts;
      for (int i = 0; i < pieces; i++) {
        int row = start(rows, i, pieces);
        all[n++] = new Piece(row, start(rows, i + 1, pieces) - row, column, columns);
      }
    }
    return all;
  }

  private Call call(Piece piece, int from) {
    int k = Math.min(length, sizes.k() - from);
    boolean first = from == 0;
    return new Call(piece.rows, piece.columns, k, sizes.k(), sizes.n(), bias && first, !first);
  }

  /** Makes what a call needs, for each part, and returns the bytes of its packed panel. */
  private long prepare(Site site, Call call) {
    long bytes = 0;
    for (int p = 0; p < parts; p++) {
      DnnProduct product = site.frame().shared(p, call, call::make);
      products[p].put(call, product);
      long layout = product.layout();
      Packing made = new Packing(call.k, call.n, sizes.transposed(), layout);
      packing[p].put(call, site.frame().shared(p, made, made::make));
      bytes = OneDnn.library().bytes(layout);
    }
    return bytes;
  }

  @Override
  void run() {
    for (chunk = 0; chunk < chunks; chunk++) {
      share(round, parts);
      share(parts);
    }
  }

  /** Where the rounded rows are. */
  private long rounded() {
    return scratch(0) + before;
  }

  private void round(int part) {
    long row = start(rows(chunk), part, parts);
    long from = in(0) + 4L * (start(sizes.rows(), chunk, chunks) + row) * sizes.k();
    rounding[chunk][part].run(from, rounded() + 2L * row * sizes.k());
  }

  @Override
  public void run(int part) {
    Piece[] all = pieces[chunk];
    for (int i = take(); i < all.length; i = take()) {
      multiply(part, all[i]);
    }
  }

  private void multiply(int part, Piece piece) {
    long panel = scratch(0) + before / parts * part;
    long packed = panel + panelBytes;
    long row = (long) start(sizes.rows(), chunk, chunks) + piece.row;
    for (int from = 0; from < sizes.k(); from += length) {
      Call call = call(piece, from);
      decode(panel, piece, from, call.k);
      Objects.requireNonNull(packing[part].get(call)).run(panel, packed);
      Objects.requireNonNull(products[part].get(call))
          .run(
              rounded() + 2L * ((long) piece.row * sizes.k() + from),
              packed,
              call.bias ? in(2) + 4L * piece.column : 0,
              out() + 4L * (row * sizes.n() + piece.column));
    }
  }

  private void decode(long panel, Piece piece, int from, int count) {
    boolean turned = sizes.transposed();
    int first = turned ? piece.column : from;
    int rows = turned ? piece.columns : count;
    int at = turned ? from : piece.column;
    int values = turned ? count : piece.columns;
    long step = turned ? sizes.k() : sizes.n();
    for (int r = 0; r < rows; r++) {
      codes.decode(in(1), (first + r) * step + at, values, panel + 4L * r * values);
    }
  }
}
