package dev.peft4j.backend.cpu;

import com.google.auto.service.AutoService;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Q8_0;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Op;
import dev.peft4j.op.LinearOp;
import dev.peft4j.op.MatMul;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/**
 * Products with a frozen weight in {@link Q8_0}: forward, with its transpose, and backward, with
 * the weight itself. A panel of the weight is decoded into scratch memory that stays in the
 * second-level cache and multiplied there by OpenBLAS; no float32 copy of the weight exists.
 */
@AutoService(CodedKernels.class)
public final class Q8_0Kernels implements CodedKernels {
  private static final Encoding ENCODING = new Q8_0();

  /** Creates the kernels; for {@link java.util.ServiceLoader}. */
  public Q8_0Kernels() {}

  @Override
  public boolean reads(Op op, int i, Encoding encoding, Shape[] inputs) {
    return i == 1 && encoding.equals(ENCODING) && sizes(op, inputs[0], inputs[1]) != null;
  }

  @Override
  public Kernel make(Kernel.Site site) {
    Sizes s = sizes(site.step().op(), site.in(0), site.in(1));
    if (s == null) {
      throw new IllegalStateException("no kernel of Q8_0 for " + site.step().op().name());
    }
    return new Product(site, s);
  }

  /** A product of {@code rows} rows of length k with a weight (n, k), or (k, n) as it is. */
  private record Sizes(boolean transposed, int rows, int n, int k) {}

  private static @Nullable Sizes sizes(Op op, Shape a, Shape b) {
    return switch (op) {
      case LinearOp _ -> new Sizes(true, a.rows(), b.dim(0), b.dim(1));
      case MatMul m when b.rank() == 2 && !m.transposeA() ->
          new Sizes(m.transposeB(), a.rows(), m.n(b), m.k(a));
      default -> null;
    };
  }

  private static final class Product extends Kernel {
    /** Values of a panel at most: 256 KiB, a part of the second-level cache. */
    private static final int PANEL = 1 << 16;

    /** Columns of a piece of the result. */
    private static final int COLUMNS = 128;

    /** Rows of a piece: a panel is decoded for each, which is little beside so many rows. */
    private static final int ROWS = 256;

    /** Length of the products that a panel is for; a longer one is summed up panel by panel. */
    private static final int LENGTH = PANEL / COLUMNS;

    private final Loops loops = Loops.best();
    private final Sizes sizes;
    private final boolean bias;
    private final int columnPieces;
    private final int pieces;
    private final int parts;
    private final long rowBytes;

    Product(Site site, Sizes sizes) {
      super(site);
      this.sizes = sizes;
      this.bias = site.step().inputs().length > 2;
      this.columnPieces = (sizes.n + COLUMNS - 1) / COLUMNS;
      this.pieces = columnPieces * ((sizes.rows + ROWS - 1) / ROWS);
      this.parts = parts((long) sizes.rows * sizes.n * sizes.k / 4, pieces);
      this.rowBytes = ENCODING.bytes(sizes.transposed ? sizes.k : sizes.n);
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
            Math.min(ROWS, sizes.rows - row),
            column,
            Math.min(COLUMNS, sizes.n - column));
      }
    }

    private void multiply(long panel, int row, int rows, int column, int columns) {
      long c = out() + 4L * ((long) row * sizes.n + column);
      if (bias) {
        for (int r = 0; r < rows; r++) {
          loops.copy(in(2) + 4L * column, c + 4L * r * sizes.n, columns);
        }
      } else if (sizes.k == 0) {
        for (int r = 0; r < rows; r++) {
          loops.fill(0, c + 4L * r * sizes.n, columns);
        }
      }
      for (int from = 0; from < sizes.k; from += LENGTH) {
        int length = Math.min(LENGTH, sizes.k - from);
        decode(panel, column, columns, from, length);
        Blas.gemm(
            false,
            sizes.transposed,
            rows,
            columns,
            length,
            1,
            in(0) + 4L * ((long) row * sizes.k + from),
            sizes.k,
            panel,
            sizes.transposed ? length : columns,
            bias || from > 0 ? 1 : 0,
            c,
            sizes.n);
      }
    }

    /** Decodes what the weight has for these columns of the result and this part of its sums. */
    private void decode(long panel, int column, int columns, int from, int length) {
      int firstRow = sizes.transposed ? column : from;
      int rows = sizes.transposed ? columns : length;
      int first = sizes.transposed ? from : column;
      int values = sizes.transposed ? length : columns;
      long at = in(1) + firstRow * rowBytes + ENCODING.bytes(first);
      for (int r = 0; r < rows; r++) {
        Decoding.decode(at + r * rowBytes, panel + 4L * r * values, (int) ENCODING.blocks(values));
      }
    }
  }

  /** Decodes by plain loops until those of the Vector API are compiled; both give the same bits. */
  private static final class Decoding {
    private static final boolean[] READY = new boolean[1];

    static {
      if (ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()
          && VectorMath.LANES >= 8) {
        new LoopWarmer((_, a, b, _, n) -> Vectors.decode(a, b, n / ENCODING.blockValues()), READY)
            .ask(0);
      }
    }

    private Decoding() {}

    static void decode(long codes, long to, int blocks) {
      if (READY[0]) {
        Vectors.decode(codes, to, blocks);
      } else {
        ENCODING.decode(Memory.ALL, codes, Memory.ALL, to, blocks);
      }
    }
  }

  /** Loaded only where the module jdk.incubator.vector is. */
  private static final class Vectors {
    private static final VectorSpecies<Byte> BYTES =
        VectorMath.LANES == 16 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;
    private static final int VALUES = 32;
    private static final int BLOCK = 34;
    private static final int SCALE_BYTES = 2;

    private Vectors() {}

    static void decode(long codes, long to, int blocks) {
      for (int b = 0; b < blocks; b++) {
        long block = codes + (long) b * BLOCK;
        FloatVector scale = VectorMath.all(Float.float16ToFloat(Memory.getShort(block)));
        for (int i = 0; i < VALUES; i += VectorMath.LANES) {
          ByteVector q =
              ByteVector.fromMemorySegment(
                  BYTES, Memory.ALL, block + SCALE_BYTES + i, VectorMath.ORDER);
          FloatVector x = (FloatVector) q.convertShape(VectorOperators.B2F, VectorMath.SPECIES, 0);
          VectorMath.put(x.mul(scale), to + 4L * (b * VALUES + i));
        }
      }
    }
  }
}
