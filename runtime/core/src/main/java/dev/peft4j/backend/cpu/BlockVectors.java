package dev.peft4j.backend.cpu;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.FourBitBlocks;
import dev.peft4j.data.IQ4_NL;
import dev.peft4j.data.IQ4_XS;
import dev.peft4j.data.Q3_K;
import dev.peft4j.data.Q4_0;
import dev.peft4j.data.Q4_1;
import dev.peft4j.data.Q4_K;
import dev.peft4j.data.Q5_0;
import dev.peft4j.data.Q5_1;
import dev.peft4j.data.Q5_K;
import dev.peft4j.data.Q6_K;
import dev.peft4j.data.Q8_0;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import org.jspecify.annotations.Nullable;

/**
 * The values of an encoding's blocks in registers, for {@link BlockLoops}: a block is pieces of 32
 * values, a piece two vectors of 16. What both have in common is read once: HotSpot stops inlining,
 * and makes an object of every vector, where a loop reads memory some twenty times. The bits are
 * those of the encoding itself. Implementations are records, whose fields HotSpot takes for
 * constants.
 */
interface BlockVectors {
  /** Bytes of a block. */
  int bytes();

  /** Pieces of a block, a power of two. */
  int pieces();

  /**
   * Whether the two vectors of a piece are made by {@link #half} and not together: so where each
   * has codes and a scale of its own.
   */
  default boolean apart() {
    return false;
  }

  /** Whether a loop for four rows has room for it; else it is decoded for each of them. */
  default boolean four() {
    return true;
  }

  /**
   * A vector of a piece, the first one for {@code second} 0; only where these are {@link #apart}.
   */
  default FloatVector half(long block, int piece, int second) {
    throw new UnsupportedOperationException();
  }

  /** Codes of a piece of the block at an address: those of all 32 values, or of the first 16. */
  default IntVector codes(long block, int piece) {
    throw new UnsupportedOperationException();
  }

  /** What the values are multiplied by. */
  default FloatVector scale(long block, int piece) {
    throw new UnsupportedOperationException();
  }

  /** What is added to all values or subtracted; the scale itself if there is no such thing. */
  default FloatVector shift(long block, int piece, FloatVector scale) {
    return scale;
  }

  /** The first 16 values from the three above. */
  default FloatVector low(IntVector codes, FloatVector scale, FloatVector shift) {
    throw new UnsupportedOperationException();
  }

  /** The other 16. */
  default FloatVector high(
      IntVector codes, FloatVector scale, FloatVector shift, long block, int piece) {
    throw new UnsupportedOperationException();
  }

  /** The vectors of an encoding, or null if it has none. */
  static @Nullable BlockVectors of(Encoding encoding) {
    return switch (encoding) {
      case Q8_0 _ -> new SmallBlocks.Bytes();
      case Q4_0 _ -> new SmallBlocks.Halves(SmallBlocks.SIGNED);
      case Q4_1 _ -> new SmallBlocks.HalvesAbove();
      case Q5_0 _ -> new SmallBlocks.Fives();
      case Q5_1 _ -> new SmallBlocks.FivesAbove();
      case IQ4_NL _ -> new SmallBlocks.Halves(SmallBlocks.CURVED);
      case IQ4_XS _ -> new LargeBlocks.Curved();
      case Q3_K _ -> new LargeBlocks.Threes();
      case Q4_K _ -> new LargeBlocks.Fours();
      case Q5_K _ -> new LargeBlocks.Fives();
      case Q6_K _ -> new LargeBlocks.Sixes();
      case FourBitBlocks e when !e.isDouble() -> SmallBlocks.Pairs.of(e);
      default -> null;
    };
  }
}
