package dev.peft4j.backend.cpu;

import static dev.peft4j.backend.cpu.SmallBlocks.floats;
import static dev.peft4j.backend.cpu.SmallBlocks.right;
import static dev.peft4j.backend.cpu.VectorMath.all;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** llama.cpp's blocks of 256 values in registers, whose pieces have scales of their own. */
final class LargeBlocks {
  private static final int PIECES = 8;

  private LargeBlocks() {}

  private static IntVector left(IntVector bits, int n) {
    return bits.lanewise(VectorOperators.LSHL, n);
  }

  /** Scale {@code j} of the eight that 12 bytes hold. */
  private static int scale(long s, int j) {
    int low = Memory.getInt(s);
    int high = Memory.getInt(s + 8);
    int at = 8 * (j & 3);
    return j < 4 ? low >>> at & 63 : high >>> at & 15 | (low >>> at + 6 & 3) << 4;
  }

  /** Minimum {@code j} of those. */
  private static int minimum(long s, int j) {
    int low = Memory.getInt(s + 4);
    int high = Memory.getInt(s + 8);
    int at = 8 * (j & 3);
    return j < 4 ? low >>> at & 63 : high >>> at + 4 & 15 | (low >>> at + 6 & 3) << 4;
  }

  /** {@link dev.peft4j.data.Q3_K}. */
  record Threes() implements BlockVectors {
    @Override
    public int bytes() {
      return 110;
    }

    @Override
    public int pieces() {
      return PIECES;
    }

    @Override
    public boolean apart() {
      return true;
    }

    @Override
    public FloatVector half(long block, int piece, int second) {
      int k = 2 * piece + second;
      int low = Memory.getByte(block + 96 + (k & 7)) >> (k >> 3) * 4 & 15;
      int high = Memory.getByte(block + 104 + (k & 3)) >> (k >> 2) * 2 & 3;
      float scale = SmallBlocks.half(block + 108) * ((low | high << 4) - 32);
      long at = block + 16L * second;
      IntVector two = right(SmallBlocks.bytes(at + 32 + (piece >> 2) * 32), (piece & 3) * 2).and(3);
      IntVector third = right(SmallBlocks.bytes(at), piece).and(1);
      return floats(two.or(left(third, 2)).sub(4)).mul(all(scale));
    }
  }

  /** {@link dev.peft4j.data.Q4_K}. */
  record Fours() implements BlockVectors {
    @Override
    public int bytes() {
      return 144;
    }

    @Override
    public int pieces() {
      return PIECES;
    }

    @Override
    public boolean four() {
      return false;
    }

    private static IntVector sixteen(long block, int piece, int at) {
      return right(SmallBlocks.bytes(block + at + (piece >> 1) * 32), (piece & 1) * 4).and(15);
    }

    @Override
    public IntVector codes(long block, int piece) {
      return sixteen(block, piece, 16);
    }

    @Override
    public FloatVector scale(long block, int piece) {
      return all(SmallBlocks.half(block) * LargeBlocks.scale(block + 4, piece));
    }

    @Override
    public FloatVector shift(long block, int piece, FloatVector scale) {
      return all(SmallBlocks.half(block + 2) * minimum(block + 4, piece));
    }

    @Override
    public FloatVector low(IntVector codes, FloatVector scale, FloatVector shift) {
      return floats(codes).mul(scale).sub(shift);
    }

    @Override
    public FloatVector high(
        IntVector codes, FloatVector scale, FloatVector shift, long block, int piece) {
      return floats(sixteen(block, piece, 32)).mul(scale).sub(shift);
    }
  }

  /** {@link dev.peft4j.data.Q5_K}. */
  record Fives() implements BlockVectors {
    @Override
    public int bytes() {
      return 176;
    }

    @Override
    public int pieces() {
      return PIECES;
    }

    @Override
    public boolean apart() {
      return true;
    }

    @Override
    public FloatVector half(long block, int piece, int second) {
      long at = block + 16L * second;
      IntVector four =
          right(SmallBlocks.bytes(at + 48 + (piece >> 1) * 32), (piece & 1) * 4).and(15);
      IntVector fifth = right(SmallBlocks.bytes(at + 16), piece).and(1);
      FloatVector scale = all(SmallBlocks.half(block) * LargeBlocks.scale(block + 4, piece));
      FloatVector shift = all(SmallBlocks.half(block + 2) * minimum(block + 4, piece));
      return floats(four.or(left(fifth, 4))).mul(scale).sub(shift);
    }
  }

  /** {@link dev.peft4j.data.Q6_K}. */
  record Sixes() implements BlockVectors {
    @Override
    public int bytes() {
      return 210;
    }

    @Override
    public int pieces() {
      return PIECES;
    }

    @Override
    public boolean apart() {
      return true;
    }

    @Override
    public FloatVector half(long block, int piece, int second) {
      long at = block + 16L * second;
      long low = at + (piece >> 2) * 64 + (piece & 1) * 32;
      IntVector four = right(SmallBlocks.bytes(low), (piece & 2) * 2).and(15);
      long high = at + 128 + (piece >> 2) * 32;
      IntVector two = right(SmallBlocks.bytes(high), (piece & 3) * 2).and(3);
      float scale =
          SmallBlocks.half(block + 208) * Memory.getByte(block + 192 + 2L * piece + second);
      return floats(four.or(left(two, 4)).sub(32)).mul(all(scale));
    }
  }

  /** {@link dev.peft4j.data.IQ4_XS}. */
  record Curved() implements BlockVectors {
    @Override
    public int bytes() {
      return 136;
    }

    @Override
    public int pieces() {
      return PIECES;
    }

    @Override
    public IntVector codes(long block, int piece) {
      return SmallBlocks.bytes(block + 8 + 16L * piece);
    }

    @Override
    public FloatVector scale(long block, int piece) {
      int low = Memory.getByte(block + 4 + (piece >> 1)) >> (piece & 1) * 4 & 15;
      int high = Memory.getShort(block + 2) >> 2 * piece & 3;
      return all(SmallBlocks.half(block) * ((low | high << 4) - 32));
    }

    @Override
    public FloatVector low(IntVector codes, FloatVector scale, FloatVector shift) {
      return SmallBlocks.look(SmallBlocks.CURVED, codes.and(15)).mul(scale);
    }

    @Override
    public FloatVector high(
        IntVector codes, FloatVector scale, FloatVector shift, long block, int piece) {
      return SmallBlocks.look(SmallBlocks.CURVED, right(codes, 4)).mul(scale);
    }
  }
}
