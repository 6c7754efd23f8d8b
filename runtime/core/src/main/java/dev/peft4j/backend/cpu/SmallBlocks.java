package dev.peft4j.backend.cpu;

import static dev.peft4j.backend.cpu.VectorMath.ORDER;
import static dev.peft4j.backend.cpu.VectorMath.all;

import dev.peft4j.data.FourBitBlocks;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Blocks with one scale in registers: llama.cpp's of 32 values, and bitsandbytes' of 4 bits. */
final class SmallBlocks {
  /** What the codes of {@link dev.peft4j.data.Q4_0} stand for, before the scale. */
  static final IntVector SIGNED = table(-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7);

  /** What those of {@link dev.peft4j.data.IQ4_NL} stand for. */
  static final IntVector CURVED =
      table(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

  /** Where in four bytes the codes of eight values are: the high half of a byte first. */
  private static final IntVector SHIFTS =
      IntVector.fromArray(
          IntVector.SPECIES_512,
          new int[] {4, 0, 12, 8, 20, 16, 28, 24, 4, 0, 12, 8, 20, 16, 28, 24},
          0);

  private static final VectorMask<Integer> SECOND =
      VectorMask.fromLong(IntVector.SPECIES_512, 0xff00);

  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

  private SmallBlocks() {}

  private static IntVector table(float... values) {
    return FloatVector.fromArray(FloatVector.SPECIES_512, values, 0).reinterpretAsInts();
  }

  static float half(long address) {
    return Float.float16ToFloat(Memory.ALL.get(SHORT, address));
  }

  /** 16 bytes without a sign. */
  static IntVector bytes(long address) {
    ByteVector q = ByteVector.fromMemorySegment(ByteVector.SPECIES_128, Memory.ALL, address, ORDER);
    return (IntVector) q.convertShape(VectorOperators.ZERO_EXTEND_B2I, IntVector.SPECIES_512, 0);
  }

  private static IntVector signed(long address) {
    ByteVector q = ByteVector.fromMemorySegment(ByteVector.SPECIES_128, Memory.ALL, address, ORDER);
    return (IntVector) q.convertShape(VectorOperators.B2I, IntVector.SPECIES_512, 0);
  }

  /** 16 numbers of a table, by the low four bits of each index. */
  static FloatVector look(IntVector table, IntVector index) {
    return index.selectFrom(table).reinterpretAsFloats();
  }

  static FloatVector floats(IntVector q) {
    return (FloatVector) q.convert(VectorOperators.I2F, 0);
  }

  static IntVector right(IntVector bits, int n) {
    return bits.lanewise(VectorOperators.LSHR, n);
  }

  /** Bits of an integer from bit {@code from} on, one for each lane. */
  private static VectorMask<Integer> bits(int bits, int from) {
    return VectorMask.fromLong(IntVector.SPECIES_512, bits >>> from & 0xffffL);
  }

  /** {@link dev.peft4j.data.Q8_0}. */
  record Bytes() implements BlockVectors {
    @Override
    public int bytes() {
      return 34;
    }

    @Override
    public int pieces() {
      return 1;
    }

    @Override
    public IntVector codes(long block, int piece) {
      return signed(block + 2);
    }

    @Override
    public FloatVector scale(long block, int piece) {
      return all(SmallBlocks.half(block));
    }

    @Override
    public FloatVector low(IntVector codes, FloatVector scale, FloatVector shift) {
      return floats(codes).mul(scale);
    }

    @Override
    public FloatVector high(
        IntVector codes, FloatVector scale, FloatVector shift, long block, int piece) {
      return floats(signed(block + 18)).mul(scale);
    }
  }

  /** {@link dev.peft4j.data.Q4_0} and {@link dev.peft4j.data.IQ4_NL}, by their table. */
  record Halves(IntVector table) implements BlockVectors {
    @Override
    public int bytes() {
      return 18;
    }

    @Override
    public int pieces() {
      return 1;
    }

    @Override
    public IntVector codes(long block, int piece) {
      return SmallBlocks.bytes(block + 2);
    }

    @Override
    public FloatVector scale(long block, int piece) {
      return all(SmallBlocks.half(block));
    }

    @Override
    public FloatVector low(IntVector codes, FloatVector scale, FloatVector shift) {
      return look(table, codes.and(15)).mul(scale);
    }

    @Override
    public FloatVector high(
        IntVector codes, FloatVector scale, FloatVector shift, long block, int piece) {
      return look(table, right(codes, 4)).mul(scale);
    }
  }

  /** {@link dev.peft4j.data.Q4_1}. */
  record HalvesAbove() implements BlockVectors {
    @Override
    public int bytes() {
      return 20;
    }

    @Override
    public int pieces() {
      return 1;
    }

    @Override
    public IntVector codes(long block, int piece) {
      return SmallBlocks.bytes(block + 4);
    }

    @Override
    public FloatVector scale(long block, int piece) {
      return all(SmallBlocks.half(block));
    }

    @Override
    public FloatVector shift(long block, int piece, FloatVector scale) {
      return all(SmallBlocks.half(block + 2));
    }

    @Override
    public FloatVector low(IntVector codes, FloatVector scale, FloatVector shift) {
      return floats(codes.and(15)).mul(scale).add(shift);
    }

    @Override
    public FloatVector high(
        IntVector codes, FloatVector scale, FloatVector shift, long block, int piece) {
      return floats(right(codes, 4)).mul(scale).add(shift);
    }
  }

  /** {@link dev.peft4j.data.Q5_0}; the fifth bits come last in the codes. */
  record Fives() implements BlockVectors {
    @Override
    public int bytes() {
      return 22;
    }

    @Override
    public int pieces() {
      return 1;
    }

    @Override
    public boolean four() {
      return false;
    }

    @Override
    public IntVector codes(long block, int piece) {
      int high = Memory.getInt(block + 2);
      IntVector q = SmallBlocks.bytes(block + 6).add(0x100, bits(high, 0));
      return q.add(0x200, bits(high, 16));
    }

    @Override
    public FloatVector scale(long block, int piece) {
      return all(SmallBlocks.half(block));
    }

    private static FloatVector value(IntVector low, IntVector high) {
      return floats(low.and(15).or(high.and(16)).sub(16));
    }

    @Override
    public FloatVector low(IntVector codes, FloatVector scale, FloatVector shift) {
      return value(codes, right(codes, 4)).mul(scale);
    }

    @Override
    public FloatVector high(
        IntVector codes, FloatVector scale, FloatVector shift, long block, int piece) {
      return value(right(codes, 4), right(codes, 5)).mul(scale);
    }
  }

  /** {@link dev.peft4j.data.Q5_1}, with the codes as those of {@link Fives}. */
  record FivesAbove() implements BlockVectors {
    @Override
    public int bytes() {
      return 24;
    }

    @Override
    public int pieces() {
      return 1;
    }

    @Override
    public boolean four() {
      return false;
    }

    @Override
    public IntVector codes(long block, int piece) {
      int high = Memory.getInt(block + 4);
      IntVector q = SmallBlocks.bytes(block + 8).add(0x100, bits(high, 0));
      return q.add(0x200, bits(high, 16));
    }

    @Override
    public FloatVector scale(long block, int piece) {
      return all(SmallBlocks.half(block));
    }

    @Override
    public FloatVector shift(long block, int piece, FloatVector scale) {
      return all(SmallBlocks.half(block + 2));
    }

    private static FloatVector value(IntVector low, IntVector high) {
      return floats(low.and(15).or(high.and(16)));
    }

    @Override
    public FloatVector low(IntVector codes, FloatVector scale, FloatVector shift) {
      return value(codes, right(codes, 4)).mul(scale).add(shift);
    }

    @Override
    public FloatVector high(
        IntVector codes, FloatVector scale, FloatVector shift, long block, int piece) {
      return value(right(codes, 4), right(codes, 5)).mul(scale).add(shift);
    }
  }

  /** Blocks of 4 bits, two neighbours in a byte, under a maximum in float32. */
  record Pairs(IntVector table, int bytes, int pieces) implements BlockVectors {
    static Pairs of(FourBitBlocks encoding) {
      float[] values = new float[16];
      for (int i = 0; i < 16; i++) {
        values[i] = encoding.value(i);
      }
      return new Pairs(
          SmallBlocks.table(values), encoding.blockBytes(), encoding.blockValues() / 32);
    }

    /** 16 codes in eight bytes. */
    private static IntVector sixteen(long bits) {
      IntVector first = IntVector.broadcast(IntVector.SPECIES_512, (int) bits);
      IntVector both = first.blend((int) (bits >>> 32), SECOND);
      return both.lanewise(VectorOperators.LSHR, SHIFTS);
    }

    @Override
    public IntVector codes(long block, int piece) {
      return sixteen(Memory.getLong(block + 4 + 16L * piece));
    }

    @Override
    public FloatVector scale(long block, int piece) {
      return all(Memory.get(block));
    }

    @Override
    public FloatVector low(IntVector codes, FloatVector scale, FloatVector shift) {
      return look(table, codes.and(15)).mul(scale);
    }

    @Override
    public FloatVector high(
        IntVector codes, FloatVector scale, FloatVector shift, long block, int piece) {
      return look(table, sixteen(Memory.getLong(block + 12 + 16L * piece)).and(15)).mul(scale);
    }
  }
}
