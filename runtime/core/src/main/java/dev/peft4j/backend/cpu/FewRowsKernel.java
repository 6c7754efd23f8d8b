package dev.peft4j.backend.cpu;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Op;
import dev.peft4j.op.LinearOp;
import dev.peft4j.op.MatMul;
import org.jspecify.annotations.Nullable;

/**
 * A product of a few rows with a weight, as when tokens are generated: reading the weight takes all
 * the time, so it is read once, where it lies and as it is encoded, at the speed of the memory. Its
 * columns are dealt out in pieces: a thread that is held up takes fewer of them.
 */
final class FewRowsKernel extends Kernel {
  /** With more rows, multiplying takes longer than reading. */
  static final int MAX_ROWS = 15;

  /** Below this many multiplications plain loops start faster. */
  private static final long MIN_WORK = 1_500;

  /** Bytes of the weight in a piece. */
  private static final long PIECE = 1 << 16;

  /** Rows of the weight that are decoded before they are multiplied with several rows of x. */
  private static final int DECODED = 2;

  private final Loops loops = Loops.best();
  private final Sizes sizes;
  private final boolean bias;
  private final Encoding encoding;
  private final int columns;
  private final int pieces;
  private final int parts;

  /** {@code y = x · w + bias}, (rows, k) and (k, n); the weight is stored (n, k) if transposed. */
  private record Sizes(boolean transposed, int rows, int n, int k) {
    boolean worth() {
      return rows >= 1
          && rows <= MAX_ROWS
          && (long) rows * n * k > MIN_WORK
          && (transposed ? k : n) >= 16;
    }
  }

  private FewRowsKernel(Site site, Sizes sizes) {
    super(site);
    this.sizes = sizes;
    this.bias = site.step().inputs().length > 2;
    this.encoding = site.encoding(1);
    int least = (int) Math.max(1, PIECE / encoding.bytes(sizes.k));
    this.columns = Math.min(sizes.n, (Math.max(least, 16) + 15) / 16 * 16);
    this.pieces = (sizes.n + columns - 1) / columns;
    this.parts = parts((long) sizes.rows * sizes.n * sizes.k, pieces);
    site.frame().needScratch(4L * (sizes.transposed ? DECODED * sizes.k : columns));
  }

  private static @Nullable Sizes sizes(Op op, Shape a, Shape b) {
    return switch (op) {
      case LinearOp _ -> new Sizes(true, a.rows(), b.dim(0), b.dim(1));
      case MatMul m when b.rank() == 2 && !m.transposeA() ->
          new Sizes(m.transposeB(), a.rows(), m.n(b), m.k(a));
      default -> null;
    };
  }

  /** True if this computes the product. */
  static boolean takes(Op op, Shape a, Shape b) {
    Sizes s = sizes(op, a, b);
    return s != null && s.worth();
  }

  /** The kernel of a {@link MatMul} or {@link LinearOp}, or null if it is not for this one. */
  static @Nullable Kernel of(Site site) {
    Sizes s = sizes(site.step().op(), site.in(0), site.in(1));
    return s != null && s.worth() ? new FewRowsKernel(site, s) : null;
  }

  @Override
  void run() {
    share(parts);
  }

  @Override
  public void run(int part) {
    for (int piece = take(); piece < pieces; piece = take()) {
      int from = piece * columns;
      int count = Math.min(columns, sizes.n - from);
      if (sizes.transposed) {
        dots(from, count, scratch(part));
      } else {
        sums(from, count, scratch(part));
      }
      for (int r = 0; bias && r < sizes.rows; r++) {
        long y = out() + 4L * ((long) r * sizes.n + from);
        loops.binary(Loops.ADD, y, in(2) + 4L * from, y, count);
      }
    }
  }

  /** Each result is the product of two rows. */
  private void dots(int from, int count, long decoded) {
    int k = sizes.k;
    long rowBytes = encoding.bytes(k);
    long w = in(1) + from * rowBytes;
    long y = out() + 4L * from;
    if (encoding.isPlain()) {
      loops.dots(in(0), 4L * k, sizes.rows, w, rowBytes, count, y, 4L * sizes.n, k);
      return;
    }
    int most = sizes.rows == 1 ? 1 : DECODED;
    for (int j = 0; j < count; j += most) {
      int some = Math.min(most, count - j);
      long row = w + j * rowBytes;
      long to = y + 4L * j;
      if (some == 1) {
        loops.dots(encoding, in(0), 4L * k, sizes.rows, row, decoded, to, 4L * sizes.n, k);
        continue;
      }
      for (int i = 0; i < some; i++) {
        loops.decode(encoding, row + i * rowBytes, decoded + 4L * i * k, k);
      }
      loops.dots(in(0), 4L * k, sizes.rows, decoded, 4L * k, some, to, 4L * sizes.n, k);
    }
  }

  /** The rows of the weight, each times a number of x, are added up. */
  private void sums(int from, int count, long decoded) {
    for (int r = 0; r < sizes.rows; r++) {
      loops.fill(0, out() + 4L * ((long) r * sizes.n + from), count);
    }
    for (int i = 0; i < sizes.k; i++) {
      long row = in(1) + encoding.bytes((long) i * sizes.n + from);
      if (!encoding.isPlain()) {
        loops.decode(encoding, row, decoded, count);
        row = decoded;
      }
      for (int r = 0; r < sizes.rows; r++) {
        float x = Memory.get(in(0) + 4L * ((long) r * sizes.k + i));
        loops.axpy(x, row, out() + 4L * ((long) r * sizes.n + from), count);
      }
    }
  }
}
