package dev.peft4j.backend.cpu;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.FourBitBlocks;
import dev.peft4j.data.IQ4_NL;
import dev.peft4j.data.Q4_0;
import dev.peft4j.data.Q4_1;
import dev.peft4j.data.Q4_K;
import dev.peft4j.data.Q6_K;
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
  static final int IQ4_NL = 4;
  static final int Q4_K = 5;
  static final int Q6_K = 6;
  private static final int LOOPS = 7;

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
      case Q8_0 e -> new Blocks(e, Q8_0, true);
      case Q4_0 e -> new Blocks(e, Q4_0, true);
      case Q4_1 e -> new Blocks(e, Q4_1, true);
      case IQ4_NL e -> new Blocks(e, IQ4_NL, true);
      case Q4_K e -> new Blocks(e, Q4_K, false);
      case Q6_K e -> new Blocks(e, Q6_K, false);
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
                CodedVectors.decode(loop, a, b, n / 256 * 256);
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

  /** Blocks along rows, perhaps with a loop for products. */
  private static final class Blocks extends CodedRows {
    private final int loop;
    private final boolean multiplies;
    private final int blockBytes;
    private final int values;

    Blocks(Encoding encoding, int loop, boolean multiplies) {
      super(encoding);
      this.loop = loop;
      this.multiplies = multiplies;
      this.blockBytes = encoding.blockBytes();
      this.values = encoding.blockValues();
      Warmer.ask(loop);
      if (multiplies) {
        Warmer.ask(LOOPS + loop);
      }
    }

    @Override
    void decode(long tensor, long first, int count, long to) {
      if (READY[loop] && first % values == 0 && count % values == 0) {
        CodedVectors.decode(loop, tensor + first / values * blockBytes, to, count);
      } else {
        super.decode(tensor, first, count, to);
      }
    }

    @Override
    boolean dots(long x, long tensor, int from, int count, int k, long y) {
      if (!multiplies || !READY[LOOPS + loop]) {
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
