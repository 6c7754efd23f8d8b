package dev.peft4j.backend.cpu;

import dev.peft4j.data.Shape;
import dev.peft4j.op.MatMul;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A product of all rows with a frozen weight, through oneDNN, the weight being laid out for it
 * once. The rows are dealt out to the workers, or the columns where there are more of those.
 */
final class FrozenProductKernel extends Kernel {
  /** With fewer rows there is little to multiply; OpenBLAS does them. */
  private static final int MIN_ROWS = 16;

  /** Thinner weights gain nothing. */
  private static final int MIN_SIZE = 16;

  /** Columns are dealt out in blocks of this many, as the layouts have them. */
  private static final int BLOCK = 64;

  private final int rows;
  private final int n;
  private final int k;
  private final boolean bias;
  private final boolean byColumns;
  private final int parts;
  private final DnnProduct[] products;
  private final PackedWeights.View[] views;
  private final @Nullable MemorySegment[] weights;

  private FrozenProductKernel(Site site, boolean transposed, int rows, int n, int k, boolean bias) {
    super(site);
    this.rows = rows;
    this.n = n;
    this.k = k;
    this.bias = bias;
    // every part reads all of the operand that is not cut
    this.byColumns = n > rows && n / BLOCK >= Workers.shared().size();
    this.parts = parts((long) rows * n * k / 4, byColumns ? n / BLOCK : rows);
    this.products = new DnnProduct[parts];
    this.views = new PackedWeights.View[parts];
    this.weights = new @Nullable MemorySegment[parts];
    for (int p = 0; p < parts; p++) {
      int height = byColumns ? rows : start(rows, p + 1, parts) - start(rows, p, parts);
      int from = byColumns ? column(p) : 0;
      int to = byColumns ? column(p + 1) : n;
      products[p] = DnnProduct.packed(height, to - from, k, n, bias);
      views[p] = new PackedWeights.View(k, n, transposed, from, to);
    }
  }

  private int column(int part) {
    return part == parts ? n : start(n / BLOCK, part, parts) * BLOCK;
  }

  /** The kernel of a {@link MatMul}, or null if it is not for this one. */
  static @Nullable Kernel matmul(Site site) {
    MatMul op = (MatMul) site.step().op();
    Shape a = site.in(0);
    Shape b = site.in(1);
    boolean fits = b.rank() == 2 && !op.transposeA();
    return fits ? of(site, op.transposeB(), a.rows(), op.n(b), op.k(a), false) : null;
  }

  /** The kernel of a linear layer, or null if it is not for this one. */
  static @Nullable Kernel linear(Site site) {
    Shape w = site.in(1);
    return of(site, true, site.in(0).rows(), w.dim(0), w.dim(1), site.step().inputs().length > 2);
  }

  private static @Nullable Kernel of(
      Site site, boolean transposed, int rows, int n, int k, boolean bias) {
    boolean worth = site.frozen(1) && rows >= MIN_ROWS && n >= MIN_SIZE && k >= MIN_SIZE;
    return worth && OneDnn.available()
        ? new FrozenProductKernel(site, transposed, rows, n, k, bias)
        : null;
  }

  @Override
  void run() {
    // held while they are used: somebody may change the weight meanwhile, and so drop these forms
    // of it
    for (int p = 0; p < parts; p++) {
      weights[p] =
          p > 0 && !byColumns ? weights[0] : PackedWeights.of(storage(1), views[p], products[p]);
    }
    share(parts);
    Arrays.fill(weights, null);
  }

  @Override
  public void run(int part) {
    MemorySegment w = Objects.requireNonNull(weights[part]);
    int row = byColumns ? 0 : start(rows, part, parts);
    int column = views[part].from();
    long a = in(0) + 4L * row * k;
    long c = out() + 4L * ((long) row * n + column);
    products[part].run(a, w.address(), bias ? in(2) + 4L * column : 0, c);
  }
}
