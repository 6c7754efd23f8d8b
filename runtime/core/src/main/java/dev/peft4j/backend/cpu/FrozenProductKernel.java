package dev.peft4j.backend.cpu;

import dev.peft4j.backend.cpu.DnnProduct.Steps;
import dev.peft4j.backend.cpu.PackedWeights.Packed;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Op;
import dev.peft4j.op.LinearOp;
import dev.peft4j.op.MatMul;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A product of all rows with a frozen weight, through oneDNN, which packs the weight once unless it
 * reads it well as it is. The rows are dealt out to the workers, or the columns where there are
 * more of those.
 */
final class FrozenProductKernel extends Kernel {
  /** With fewer rows there is little to multiply; OpenBLAS does them. */
  private static final int MIN_ROWS = 16;

  /** Thinner weights gain nothing. */
  private static final int MIN_SIZE = 16;

  /** Columns are dealt out in blocks of this many, as the layouts have them. */
  private static final int BLOCK = 64;

  /** Rows of a weight that are a multiple of this many bytes apart compete for the same cache. */
  private static final int ALIAS = 4096;

  /** Weights beyond this many bytes are read from outside the second-level cache. */
  private static final int LARGE = 1 << 20;

  /** With so many rows the time to pack a weight is little beside the product's. */
  private static final int MANY_ROWS = 512;

  /** Weights beyond this many bytes would take too much scratch memory. */
  private static final int HUGE = 1 << 26;

  /** Pieces of rows for each part. */
  private static final int MAX_PIECES = 4;

  /** Rows of a piece; with fewer, the weight would be read too often. */
  private static final int MIN_PIECE = 128;

  /** A multiple of all blocks of columns that packed layouts have (16 to 64, 48 among them). */
  private static final int PACKED_BLOCK = 192;

  /** How the weight is read. */
  private enum Form {
    /** As it is stored: 0.9 to 1 of the speed of a packed one. */
    PLAIN,
    /** Packed once; the copy is kept. */
    KEPT,
    /** Packed again in each run, into memory that all kernels use. */
    PASSING
  }

  private final int rows;
  private final int n;
  private final int k;
  private final boolean transposed;
  private final boolean bias;
  private final boolean byColumns;
  private final Form form;
  private final int parts;

  /** The rows are cut into as many pieces of the same height, or one for each part. */
  private final int pieces;

  private final DnnProduct[] products;
  private final PackedWeights.View[] views;
  private final @Nullable Packed[] weights;

  /** What rounds the rows of a piece by part; empty if they stay float32. */
  private final DnnReorder[] rounding;

  /** Where in the scratch memory the rounded rows are, behind the weight. */
  private final long rounded;

  /** What lays out the weight in each run, a part of its columns each; empty for other forms. */
  private final DnnReorder[] packing;

  private final Workers.Task pack = this::pack;

  private FrozenProductKernel(Site site, boolean transposed, int rows, int n, int k, boolean bias) {
    super(site);
    this.rows = rows;
    this.n = n;
    this.k = k;
    this.transposed = transposed;
    this.bias = bias;
    this.form = form(site, transposed, rows, n, k);
    // every part reads all of the operand that is not cut
    this.byColumns = form != Form.PASSING && n > rows && n / BLOCK >= Workers.shared().size();
    this.parts = parts((long) rows * n * k / 4, byColumns ? n / BLOCK : rows);
    this.pieces = byColumns ? parts : pieces(rows, parts);
    this.products = new DnnProduct[parts];
    this.views = new PackedWeights.View[parts];
    boolean rounds =
        form == Form.PASSING && OneDnn.ROUNDS && site.encoding(1).equals(Encodings.BFLOAT16);
    this.rounding = new DnnReorder[rounds ? parts : 0];
    this.weights = new @Nullable Packed[parts];
    for (int p = 0; p < parts; p++) {
      int height = byColumns ? rows : start(rows, p + 1, pieces) - start(rows, p, pieces);
      int from = byColumns ? column(p) : 0;
      int to = byColumns ? column(p + 1) : n;
      Call call = new Call(height, to - from, k, n, transposed, bias, form != Form.PLAIN, rounds);
      products[p] = site.frame().shared(p, call, call::make);
      views[p] = new PackedWeights.View(k, n, transposed, from, to);
      if (rounds) {
        rounding[p] =
            site.frame().shared(p, new Rows(height, k), () -> DnnReorder.rounding(height, k));
      }
    }
    this.rounded = form == Form.PASSING ? packedBytes() : 0;
    this.packing = form == Form.PASSING ? packing(site) : new DnnReorder[0];
    for (int p = 0; form == Form.KEPT && p < forms(); p++) {
      long bytes = OneDnn.library().bytes(products[p].layout());
      site.frame().keeps(site.step().inputs()[1], views[p], bytes);
    }
  }

  /**
   * A second copy of a weight is kept only where training multiplies with it again and again.
   * Elsewhere it is packed in passing where that pays, and else read as it is.
   */
  private static Form form(Site site, boolean transposed, int rows, int n, int k) {
    boolean coded = !site.encoding(1).isPlain();
    long bytes = 4L * n * k;
    boolean passing = bytes <= HUGE && DnnReorder.reads(site.encoding(1));
    if (passing && rows >= MANY_ROWS && (coded || bytes > LARGE)) {
      return Form.PASSING;
    }
    boolean trains = site.program().trains();
    if (coded) {
      return passing && !trains ? Form.PASSING : Form.KEPT;
    }
    boolean slow = transposed || 4L * n % ALIAS == 0;
    return trains && slow && bytes <= HUGE ? Form.KEPT : Form.PLAIN;
  }

  private DnnReorder[] packing(Site site) {
    long layout = products[0].layout();
    int threads = Workers.shared().size();
    long all = rounded + (rounding.length > 0 ? 2L * rows * k : 0);
    site.frame().needScratch((all + threads - 1) / threads); // that of all parts is one piece
    int blocks = Math.max(1, n / PACKED_BLOCK);
    int count = Math.min(Math.min(parts, threads), blocks);
    DnnReorder[] made = new DnnReorder[count];
    for (int p = 0; p < count; p++) {
      int from = start(blocks, p, count) * PACKED_BLOCK;
      int to = p + 1 == count ? n : start(blocks, p + 1, count) * PACKED_BLOCK;
      made[p] = DnnReorder.columns(k, n, transposed, site.encoding(1), from, to, layout);
    }
    return made;
  }

  /** Bytes of the packed weight, a multiple of a line of the cache. */
  private long packedBytes() {
    return (OneDnn.library().bytes(products[0].layout()) + 63) / 64 * 64;
  }

  private static int pieces(int rows, int parts) {
    for (int each = MAX_PIECES; each > 1 && parts > 1; each--) {
      if (rows % (parts * each) == 0 && rows / (parts * each) >= MIN_PIECE) {
        return parts * each;
      }
    }
    return parts;
  }

  /** What one part computes. */
  private record Call(
      int m,
      int n,
      int k,
      int step,
      boolean transposed,
      boolean bias,
      boolean packed,
      boolean rounded) {
    DnnProduct make() {
      return packed
          ? DnnProduct.packed(m, n, k, step, bias, rounded ? Encodings.BFLOAT16 : Encodings.FLOAT32)
          : DnnProduct.plain(
              m, n, k, Steps.of(k, false), Steps.of(transposed ? k : step, transposed), step, bias);
    }
  }

  /** Sizes of what one part rounds. */
  private record Rows(int m, int k) {}

  private int column(int part) {
    return part == parts ? n : start(n / BLOCK, part, parts) * BLOCK;
  }

  /** A product of a matrix of {@code rows} rows with a weight. */
  private record Sizes(boolean transposed, int rows, int n, int k) {
    boolean worth() {
      return rows >= MIN_ROWS && n >= MIN_SIZE && k >= MIN_SIZE && OneDnn.available();
    }
  }

  private static @Nullable Sizes sizes(Op op, Shape a, Shape b) {
    return switch (op) {
      case LinearOp l -> new Sizes(true, a.rows(), b.dim(0), b.dim(1));
      case MatMul m when b.rank() == 2 && !m.transposeA() ->
          new Sizes(m.transposeB(), a.rows(), m.n(b), m.k(a));
      default -> null;
    };
  }

  /** True if this computes the product, given that the right operand is frozen. */
  static boolean takes(Op op, Shape a, Shape b) {
    Sizes s = sizes(op, a, b);
    return s != null && s.worth();
  }

  /** The kernel of a {@link MatMul} or {@link LinearOp}, or null if it is not for this one. */
  static @Nullable Kernel of(Site site) {
    Sizes s = site.frozen(1) ? sizes(site.step().op(), site.in(0), site.in(1)) : null;
    return s != null && s.worth()
        ? new FrozenProductKernel(
            site, s.transposed, s.rows, s.n, s.k, site.step().inputs().length > 2)
        : null;
  }

  @Override
  void run() {
    switch (form) {
      case PLAIN -> share(parts);
      case KEPT -> runKept();
      case PASSING -> {
        Workers.shared().run(pack, packing.length);
        share(parts);
      }
    }
  }

  private void pack(int part) {
    packing[part].run(in(1), scratch(0));
  }

  private void runKept() {
    // held while they are used: somebody may change the weight meanwhile, and so drop these forms
    // of it
    try {
      for (int p = 0; p < forms(); p++) {
        weights[p] = packedWeights().of(storage(1), views[p], products[p]);
      }
      share(parts);
    } finally {
      for (int p = 0; p < forms(); p++) {
        Packed held = weights[p];
        if (held != null) {
          held.release();
          weights[p] = null;
        }
      }
    }
  }

  /** Different forms of the weight: each part reads all of it or its own columns. */
  private int forms() {
    return byColumns ? parts : 1;
  }

  @Override
  public void run(int part) {
    if (pieces == parts) {
      multiply(part, part);
    } else {
      for (int piece = take(); piece < pieces; piece = take()) {
        multiply(part, piece);
      }
    }
  }

  private void multiply(int part, int piece) {
    int row = byColumns ? 0 : start(rows, piece, pieces);
    int column = views[part].from();
    long a = in(0) + 4L * row * k;
    long w =
        switch (form) {
          case PLAIN -> in(1) + 4L * column * (transposed ? k : 1);
          case KEPT -> Objects.requireNonNull(weights[byColumns ? part : 0]).address();
          case PASSING -> scratch(0);
        };
    long c = out() + 4L * ((long) row * n + column);
    if (rounding.length > 0) {
      long to = scratch(0) + rounded + 2L * row * k;
      rounding[part].run(a, to);
      a = to;
    }
    products[part].run(a, w, bias ? in(2) + 4L * column : 0, c);
  }
}
