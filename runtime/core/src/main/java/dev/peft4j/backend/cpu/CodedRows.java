package dev.peft4j.backend.cpu;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.FourBitBlocks;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Rows of a weight in codes as float32. It is done by the encoding's own code until loops of the
 * Vector API are compiled, where there are some; all give the same bits.
 */
class CodedRows {
  private static final Loops PLAIN = Loops.best();

  final Encoding encoding;

  private CodedRows(Encoding encoding) {
    this.encoding = encoding;
  }

  /** The rows of an encoding. */
  static CodedRows of(Encoding encoding) {
    Vectors vectors = Vectors.USEFUL ? Vectors.of(encoding) : null;
    return vectors == null ? new CodedRows(encoding) : new Blocks(encoding, vectors);
  }

  /** Decodes {@code count} values of the tensor at {@code tensor}, from value {@code first} on. */
  void decode(long tensor, long first, int count, long to) {
    encoding.decodeValues(Memory.ALL, tensor, first, count, Memory.ALL, to);
  }

  /**
   * Multiplies rows of length k with {@code count} rows of the weight, from row {@code from} on.
   *
   * @param rows how many, one after the other
   * @param scratch memory for k numbers, and for 64
   * @param y where the first result goes, those of a row side by side
   * @param next from the results of a row to those of the next, in bytes
   */
  void dots(
      long x, int rows, long tensor, int from, int count, int k, long scratch, long y, long next) {
    for (int j = 0; j < count; j++) {
      decode(tensor, (long) (from + j) * k, k, scratch);
      PLAIN.dots(x, 4L * k, rows, scratch, y + 4L * j, next, k);
    }
  }

  /** The loops of an encoding, which are compiled when they are asked for. */
  private static final class Vectors {
    static final boolean USEFUL =
        ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent() && VectorMath.LANES == 16;

    private static final int DECODE = 0;
    private static final int DOTS = 1;
    private static final int FOUR = 2;
    private static final int KINDS = 3;

    /** More encodings than any model has: blocks of bitsandbytes have many sizes. */
    private static final int MOST = 32;

    private static final boolean[] READY = new boolean[KINDS * MOST];
    private static final Map<Encoding, @Nullable Vectors> ALL = new HashMap<>();
    private static final CopyOnWriteArrayList<CodedLoops> LOOPS = new CopyOnWriteArrayList<>();
    private static final LoopWarmer WARMER = new LoopWarmer(Vectors::exercise, READY);

    final CodedLoops loops;

    /** Whether there is a loop for four rows. */
    final boolean four;

    private final int number;

    private Vectors(CodedLoops loops, boolean four, int number) {
      this.loops = loops;
      this.four = four;
      this.number = number;
    }

    static synchronized @Nullable Vectors of(Encoding encoding) {
      if (!ALL.containsKey(encoding)) {
        ALL.put(encoding, make(encoding));
      }
      return ALL.get(encoding);
    }

    private static @Nullable Vectors make(Encoding encoding) {
      BlockVectors vectors = LOOPS.size() < MOST ? BlockVectors.of(encoding) : null;
      CodedLoops loops = vectors == null ? null : BlockLoops.of(vectors);
      if (vectors == null || loops == null) {
        return null;
      }
      LOOPS.add(loops);
      return new Vectors(loops, vectors.four(), LOOPS.size() - 1);
    }

    /** Two rows of a weight and one more, of 256 values. */
    private static void exercise(int loop, long a, long b, long c, int n) {
      CodedLoops loops = LOOPS.get(loop / KINDS);
      switch (loop % KINDS) {
        case DECODE -> loops.decode(a, b, 256);
        case DOTS -> {
          loops.sums(a, b, 64, 3, 256, c);
          VectorDots.tree(c, 3, c, Float.BYTES);
        }
        default -> {
          loops.fourSums(a, 0, b, 256, c);
          VectorDots.tree(c, 4, c, Float.BYTES);
        }
      }
    }

    /** True if a loop is compiled; asks for it. */
    boolean ready(int kind) {
      int loop = KINDS * number + kind;
      if (!READY[loop]) {
        WARMER.ask(loop);
      }
      return READY[loop];
    }
  }

  /** Blocks with loops; in rows, or from the tensor's first value on. */
  private static final class Blocks extends CodedRows {
    private static final int FOUR = 4;

    /** Rows of the weight whose sums wait to be added up. */
    private static final int SUMS = 4;

    private final Vectors vectors;
    private final int blockBytes;
    private final int values;
    private final boolean crosses;

    Blocks(Encoding encoding, Vectors vectors) {
      super(encoding);
      this.vectors = vectors;
      this.blockBytes = encoding.blockBytes();
      this.values = encoding.blockValues();
      this.crosses = encoding instanceof FourBitBlocks;
    }

    private long at(long tensor, long value) {
      return tensor + value / values * blockBytes;
    }

    @Override
    void decode(long tensor, long first, int count, long to) {
      int skip = (int) (-first & values - 1);
      int whole = (count - skip) / values * values;
      if (whole <= 0 || !vectors.ready(Vectors.DECODE)) {
        super.decode(tensor, first, count, to);
        return;
      }
      if (skip > 0) {
        super.decode(tensor, first, skip, to);
      }
      vectors.loops.decode(at(tensor, first + skip), to + 4L * skip, whole);
      int rest = count - skip - whole;
      if (rest > 0) {
        super.decode(tensor, first + skip + whole, rest, to + 4L * (skip + whole));
      }
    }

    @Override
    void dots(
        long x,
        int rows,
        long tensor,
        int from,
        int count,
        int k,
        long scratch,
        long y,
        long next) {
      if (k % values != 0) {
        super.dots(x, rows, tensor, from, count, k, scratch, y, next);
        return;
      }
      long rowBytes = (long) k / values * blockBytes;
      long w = tensor + from * rowBytes;
      int row = 0;
      for (; vectors.four && rows - row >= FOUR && vectors.ready(Vectors.FOUR); row += FOUR) {
        for (int j = 0; j < count; j++) {
          vectors.loops.fourSums(x + 4L * row * k, 4L * k, w + j * rowBytes, k, scratch);
          VectorDots.tree(scratch, FOUR, y + row * next + 4L * j, next);
        }
      }
      for (; row < rows && vectors.ready(Vectors.DOTS); row++) {
        for (int j = 0; j < count; j += SUMS) {
          int n = Math.min(SUMS, count - j);
          vectors.loops.sums(x + 4L * row * k, w + j * rowBytes, rowBytes, n, k, scratch);
          VectorDots.tree(scratch, n, y + row * next + 4L * j, Float.BYTES);
        }
      }
      if (row < rows) {
        plain(x, row, rows, tensor, from, count, k, scratch, y, next);
      }
    }

    private void plain(
        long x,
        int first,
        int rows,
        long tensor,
        int from,
        int count,
        int k,
        long scratch,
        long y,
        long next) {
      FusedDots dots = new FusedDots(k);
      for (int j = 0; j < count; j++) {
        decode(tensor, (long) (from + j) * k, k, scratch);
        dots.weight(scratch);
        for (int row = first; row < rows; row++) {
          Memory.set(y + row * next + 4L * j, dots.dot(x + 4L * row * k));
        }
      }
    }
  }
}
