package dev.peft4j.backend.cpu;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.FourBitBlocks;
import dev.peft4j.data.Q4_0;
import dev.peft4j.data.Q4_1;
import dev.peft4j.data.Q8_0;

/**
 * Rows of a weight in codes as float32. It is done by the encoding's own code until loops of the
 * Vector API are compiled, where there are some; all give the same bits.
 */
class CodedRows {
  /** The loops of the Vector API. */
  static final int Q8_0 = 0;

  static final int Q4_0 = 1;
  static final int Q4_1 = 2;
  static final int FOUR_BITS = 3;
  private static final int LOOPS = 4;

  /** Loops, then those of products. */
  private static final boolean[] READY = new boolean[2 * LOOPS];

  final Encoding encoding;

  CodedRows(Encoding encoding) {
    this.encoding = encoding;
  }

  /** The rows of an encoding. */
  static CodedRows of(Encoding encoding) {
    if (!Warmer.USEFUL) {
      return new CodedRows(encoding);
    }
    return switch (encoding) {
      case Q8_0 e -> new Blocks(e, Q8_0);
      case Q4_0 e -> new Blocks(e, Q4_0);
      case Q4_1 e -> new Blocks(e, Q4_1);
      case FourBitBlocks e -> new Crossing(e);
      default -> new CodedRows(encoding);
    };
  }

  /** Decodes {@code count} values of the tensor at {@code tensor}, from value {@code first} on. */
  void decode(long tensor, long first, int count, long to) {
    encoding.decodeValues(Memory.ALL, tensor, first, count, Memory.ALL, to);
  }

  /**
   * Multiplies one row of length k with {@code count} rows of the weight, from row {@code from} on.
   *
   * @return false if there is no loop for that now; nothing is written then
   */
  boolean dots(long x, long tensor, int from, int count, int k, long y) {
    return false;
  }

  /** Asks for the loops that an encoding has. */
  private static final class Warmer {
    static final boolean USEFUL =
        ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent() && VectorMath.LANES == 16;

    private static final LoopWarmer WARMER =
        new LoopWarmer(
            (loop, a, b, c, n) -> {
              if (loop < LOOPS) {
                CodedVectors.decode(loop, a, b, n / 32);
              } else {
                CodedVectors.dots(loop - LOOPS, a, b, 64, 2, n / 32 / 2, c);
              }
            },
            READY);

    private Warmer() {}

    static void ask(int loop) {
      WARMER.ask(loop);
    }
  }

  /** Blocks of 32 along rows. */
  private static final class Blocks extends CodedRows {
    private final int loop;
    private final int blockBytes;

    Blocks(Encoding encoding, int loop) {
      super(encoding);
      this.loop = loop;
      this.blockBytes = encoding.blockBytes();
      Warmer.ask(loop);
      Warmer.ask(LOOPS + loop);
    }

    @Override
    void decode(long tensor, long first, int count, long to) {
      if (READY[loop] && first % 32 == 0 && count % 32 == 0) {
        CodedVectors.decode(loop, tensor + first / 32 * blockBytes, to, count / 32);
      } else {
        super.decode(tensor, first, count, to);
      }
    }

    @Override
    boolean dots(long x, long tensor, int from, int count, int k, long y) {
      if (!READY[LOOPS + loop]) {
        return false;
      }
      int blocks = k / 32;
      long rowBytes = (long) blocks * blockBytes;
      CodedVectors.dots(loop, x, tensor + from * rowBytes, rowBytes, count, blocks, y);
      return true;
    }
  }

  /** Blocks of 4 bits that cross rows; whole ones are decoded by vectors. */
  private static final class Crossing extends CodedRows {
    private final FourBitBlocks encoding;
    private final float[] table = new float[16];

    Crossing(FourBitBlocks encoding) {
      super(encoding);
      this.encoding = encoding;
      for (int i = 0; i < 16; i++) {
        table[i] = encoding.value(i);
      }
      Warmer.ask(FOUR_BITS);
    }

    @Override
    void decode(long tensor, long first, int count, long to) {
      int block = encoding.blockValues();
      if (!READY[FOUR_BITS]) {
        super.decode(tensor, first, count, to);
        return;
      }
      long value = first;
      long end = first + count;
      while (value < end) {
        long b = value / block;
        long target = to + 4 * (value - first);
        if (value % block == 0 && end - value >= block) {
          long codes = tensor + encoding.blockAt(b) + encoding.codesAt();
          float maximum = encoding.maximum(Memory.ALL, tensor, b);
          CodedVectors.fourBits(table, codes, maximum, target, block);
          value += block;
        } else {
          long n = Math.min((b + 1) * block, end) - value;
          super.decode(tensor, value, (int) n, target);
          value += n;
        }
      }
    }
  }
}
