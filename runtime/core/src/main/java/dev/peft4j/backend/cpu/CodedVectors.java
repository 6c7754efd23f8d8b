package dev.peft4j.backend.cpu;

import static dev.peft4j.backend.cpu.VectorMath.ORDER;
import static dev.peft4j.backend.cpu.VectorMath.all;
import static dev.peft4j.backend.cpu.VectorMath.at;
import static dev.peft4j.backend.cpu.VectorMath.put;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Loops over codes with the Vector API, for vectors of 16 lanes. Loaded only where the module
 * jdk.incubator.vector is. Sums are in the order of {@link VectorSums}.
 */
final class CodedVectors {
  private static final int Q8_BYTES = 34;
  private static final int Q4_BYTES = 18;
  private static final int Q4_1_BYTES = 20;

  /** Where in four bytes the codes of eight values are: the high half of a byte first. */
  private static final IntVector SHIFTS =
      IntVector.fromArray(
          IntVector.SPECIES_512,
          new int[] {4, 0, 12, 8, 20, 16, 28, 24, 4, 0, 12, 8, 20, 16, 28, 24},
          0);

  private static final VectorMask<Integer> SECOND =
      VectorMask.fromLong(IntVector.SPECIES_512, 0xff00);

  private static final float[] ANY = new float[16];

  private CodedVectors() {}

  /** What the codes of 4 bits of an encoding stand for, before the scale. */
  private static final float[] SIGNED = {-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7};

  private static final float[] CURVED = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
  };

  /** Decodes {@code n} values, whole blocks, by the loop of that number. */
  static void decode(int loop, long codes, long to, int n) {
    switch (loop) {
      case CodedRows.Q8_0 -> q8(codes, to, n / 32);
      case CodedRows.Q4_0 -> q4(SIGNED, codes, to, n / 32);
      case CodedRows.Q4_1 -> q41(codes, to, n / 32);
      case CodedRows.IQ4_NL -> q4(CURVED, codes, to, n / 32);
      case CodedRows.Q4_K -> KVectors.q4(codes, to, n / 256);
      case CodedRows.Q6_K -> KVectors.q6(codes, to, n / 256);
      default -> fourBits(ANY, codes, 0.5f, to, n);
    }
  }

  private static FloatVector signed(long address) {
    ByteVector q = ByteVector.fromMemorySegment(ByteVector.SPECIES_128, Memory.ALL, address, ORDER);
    return (FloatVector) q.convertShape(VectorOperators.B2F, FloatVector.SPECIES_512, 0);
  }

  /** 16 bytes without a sign. */
  static IntVector bytes(long address) {
    ByteVector q = ByteVector.fromMemorySegment(ByteVector.SPECIES_128, Memory.ALL, address, ORDER);
    return (IntVector) q.convertShape(VectorOperators.ZERO_EXTEND_B2I, IntVector.SPECIES_512, 0);
  }

  /** 16 numbers of a table, by the low four bits of each index. */
  private static FloatVector of(IntVector table, IntVector index) {
    return index.selectFrom(table).reinterpretAsFloats();
  }

  private static IntVector table(float[] values) {
    return FloatVector.fromArray(FloatVector.SPECIES_512, values, 0).reinterpretAsInts();
  }

  private static FloatVector low(IntVector b) {
    return (FloatVector) b.and(15).convert(VectorOperators.I2F, 0);
  }

  private static FloatVector high(IntVector b) {
    return (FloatVector) b.lanewise(VectorOperators.LSHR, 4).convert(VectorOperators.I2F, 0);
  }

  static float half(long address) {
    return Float.float16ToFloat(Memory.getShort(address));
  }

  private static void q8(long codes, long to, int blocks) {
    for (int b = 0; b < blocks; b++) {
      long block = codes + (long) b * Q8_BYTES;
      FloatVector d = all(half(block));
      put(signed(block + 2).mul(d), to + 128L * b);
      put(signed(block + 18).mul(d), to + 128L * b + 64);
    }
  }

  private static void q4(float[] values, long codes, long to, int blocks) {
    IntVector table = table(values);
    for (int b = 0; b < blocks; b++) {
      long block = codes + (long) b * Q4_BYTES;
      FloatVector d = all(half(block));
      IntVector q = bytes(block + 2);
      put(of(table, q.and(15)).mul(d), to + 128L * b);
      put(of(table, q.lanewise(VectorOperators.LSHR, 4)).mul(d), to + 128L * b + 64);
    }
  }

  private static void q41(long codes, long to, int blocks) {
    for (int b = 0; b < blocks; b++) {
      long block = codes + (long) b * Q4_1_BYTES;
      FloatVector d = all(half(block));
      FloatVector m = all(half(block + 2));
      IntVector q = bytes(block + 4);
      put(low(q).mul(d).add(m), to + 128L * b);
      put(high(q).mul(d).add(m), to + 128L * b + 64);
    }
  }

  /** Decodes {@code n} values, a multiple of 16, two in a byte, by a table and a factor. */
  static void fourBits(float[] table, long codes, float factor, long to, int n) {
    FloatVector values = FloatVector.fromArray(FloatVector.SPECIES_512, table, 0);
    IntVector bits = values.mul(factor).reinterpretAsInts();
    for (int i = 0; i < n; i += 16) {
      long at = codes + i / 2;
      IntVector first = IntVector.broadcast(IntVector.SPECIES_512, Memory.getInt(at));
      IntVector pairs = first.blend(Memory.getInt(at + 4), SECOND);
      IntVector index = pairs.lanewise(VectorOperators.LSHR, SHIFTS).and(15);
      put(index.selectFrom(bits).reinterpretAsFloats(), to + 4L * i);
    }
  }

  /**
   * Multiplies a row with rows of a weight, {@code rowBytes} apart, of blocks of 32: one after the
   * other, since two streams through memory are read at half the speed of one.
   */
  static void dots(int loop, long x, long w, long rowBytes, int count, int blocks, long y) {
    for (int j = 0; j < count; j++) {
      long row = w + j * rowBytes;
      float sum =
          switch (loop) {
            case CodedRows.Q8_0 -> dotQ8(x, row, blocks);
            case CodedRows.Q4_0 -> dotQ4(SIGNED, x, row, blocks);
            case CodedRows.IQ4_NL -> dotQ4(CURVED, x, row, blocks);
            default -> dotQ41(x, row, blocks);
          };
      Memory.set(y + 4L * j, sum);
    }
  }

  private static float sum(FloatVector s) {
    FloatVector t = s.add(s.rearrange(VectorSums.BY_8));
    t = t.add(t.rearrange(VectorSums.BY_4));
    t = t.add(t.rearrange(VectorSums.BY_2));
    return t.add(t.rearrange(VectorSums.BY_1)).lane(0);
  }

  private static float dotQ8(long x, long row, int blocks) {
    FloatVector s = all(0f);
    for (int b = 0; b < blocks; b++) {
      long block = row + (long) b * Q8_BYTES;
      FloatVector d = all(half(block));
      s = s.add(signed(block + 2).mul(d).mul(at(x + 128L * b)));
      s = s.add(signed(block + 18).mul(d).mul(at(x + 128L * b + 64)));
    }
    return sum(s);
  }

  private static float dotQ4(float[] values, long x, long row, int blocks) {
    IntVector table = table(values);
    FloatVector s = all(0f);
    for (int b = 0; b < blocks; b++) {
      long block = row + (long) b * Q4_BYTES;
      FloatVector d = all(half(block));
      IntVector q = bytes(block + 2);
      s = s.add(of(table, q.and(15)).mul(d).mul(at(x + 128L * b)));
      FloatVector second = of(table, q.lanewise(VectorOperators.LSHR, 4));
      s = s.add(second.mul(d).mul(at(x + 128L * b + 64)));
    }
    return sum(s);
  }

  private static float dotQ41(long x, long row, int blocks) {
    FloatVector s = all(0f);
    for (int b = 0; b < blocks; b++) {
      long block = row + (long) b * Q4_1_BYTES;
      FloatVector d = all(half(block));
      FloatVector m = all(half(block + 2));
      IntVector q = bytes(block + 4);
      s = s.add(low(q).mul(d).add(m).mul(at(x + 128L * b)));
      s = s.add(high(q).mul(d).add(m).mul(at(x + 128L * b + 64)));
    }
    return sum(s);
  }
}
