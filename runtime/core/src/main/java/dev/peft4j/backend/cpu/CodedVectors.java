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

  /** Decodes blocks of 32 by the loop of that number. */
  static void decode(int loop, long codes, long to, int blocks) {
    switch (loop) {
      case CodedRows.Q8_0 -> q8(codes, to, blocks);
      case CodedRows.Q4_0 -> q4(codes, to, blocks);
      case CodedRows.Q4_1 -> q41(codes, to, blocks);
      default -> fourBits(ANY, codes, 0.5f, to, blocks * 32);
    }
  }

  private static FloatVector signed(long address) {
    ByteVector q = ByteVector.fromMemorySegment(ByteVector.SPECIES_128, Memory.ALL, address, ORDER);
    return (FloatVector) q.convertShape(VectorOperators.B2F, FloatVector.SPECIES_512, 0);
  }

  private static IntVector bytes(long address) {
    ByteVector q = ByteVector.fromMemorySegment(ByteVector.SPECIES_128, Memory.ALL, address, ORDER);
    return (IntVector) q.convertShape(VectorOperators.ZERO_EXTEND_B2I, IntVector.SPECIES_512, 0);
  }

  private static FloatVector low(IntVector b) {
    return (FloatVector) b.and(15).convert(VectorOperators.I2F, 0);
  }

  private static FloatVector high(IntVector b) {
    return (FloatVector) b.lanewise(VectorOperators.LSHR, 4).convert(VectorOperators.I2F, 0);
  }

  private static float half(long address) {
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

  private static void q4(long codes, long to, int blocks) {
    for (int b = 0; b < blocks; b++) {
      long block = codes + (long) b * Q4_BYTES;
      FloatVector d = all(half(block));
      IntVector q = bytes(block + 2);
      put(low(q).sub(8f).mul(d), to + 128L * b);
      put(high(q).sub(8f).mul(d), to + 128L * b + 64);
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

  /** Multiplies a row with rows of a weight, {@code rowBytes} apart, of blocks of 32. */
  static void dots(int loop, long x, long w, long rowBytes, int count, int blocks, long y) {
    int j = 0;
    for (; j + 1 < count; j += 2) {
      long row = w + j * rowBytes;
      switch (loop) {
        case CodedRows.Q8_0 -> twoQ8(x, row, row + rowBytes, blocks, y + 4L * j);
        case CodedRows.Q4_0 -> twoQ4(x, row, row + rowBytes, blocks, y + 4L * j);
        default -> twoQ41(x, row, row + rowBytes, blocks, y + 4L * j);
      }
    }
    if (j < count) { // the last one twice: its second result is not kept
      long row = w + j * rowBytes;
      float next = Memory.get(y + 4L * (j - 1));
      long at = y + 4L * (j - 1);
      if (j == 0) {
        one(loop, x, row, blocks, y);
        return;
      }
      switch (loop) {
        case CodedRows.Q8_0 -> twoQ8(x, row, row, blocks, at);
        case CodedRows.Q4_0 -> twoQ4(x, row, row, blocks, at);
        default -> twoQ41(x, row, row, blocks, at);
      }
      Memory.set(at, next);
    }
  }

  private static void one(int loop, long x, long row, int blocks, long y) {
    FloatVector s = all(0f);
    for (int b = 0; b < blocks; b++) {
      long at = x + 128L * b;
      FloatVector first;
      FloatVector second;
      if (loop == CodedRows.Q8_0) {
        long block = row + (long) b * Q8_BYTES;
        FloatVector d = all(half(block));
        first = signed(block + 2).mul(d);
        second = signed(block + 18).mul(d);
      } else if (loop == CodedRows.Q4_0) {
        long block = row + (long) b * Q4_BYTES;
        FloatVector d = all(half(block));
        IntVector q = bytes(block + 2);
        first = low(q).sub(8f).mul(d);
        second = high(q).sub(8f).mul(d);
      } else {
        long block = row + (long) b * Q4_1_BYTES;
        FloatVector d = all(half(block));
        FloatVector m = all(half(block + 2));
        IntVector q = bytes(block + 4);
        first = low(q).mul(d).add(m);
        second = high(q).mul(d).add(m);
      }
      s = s.add(first.mul(at(at))).add(second.mul(at(at + 64)));
    }
    Memory.set(y, sum(s));
  }

  private static float sum(FloatVector s) {
    FloatVector t = s.add(s.rearrange(VectorSums.BY_8));
    t = t.add(t.rearrange(VectorSums.BY_4));
    t = t.add(t.rearrange(VectorSums.BY_2));
    return t.add(t.rearrange(VectorSums.BY_1)).lane(0);
  }

  private static void twoQ8(long x, long w0, long w1, int blocks, long y) {
    FloatVector s = all(0f);
    FloatVector t = s;
    for (int b = 0; b < blocks; b++) {
      FloatVector x0 = at(x + 128L * b);
      FloatVector x1 = at(x + 128L * b + 64);
      long block = w0 + (long) b * Q8_BYTES;
      FloatVector d = all(half(block));
      s = s.add(signed(block + 2).mul(d).mul(x0));
      s = s.add(signed(block + 18).mul(d).mul(x1));
      block = w1 + (long) b * Q8_BYTES;
      d = all(half(block));
      t = t.add(signed(block + 2).mul(d).mul(x0));
      t = t.add(signed(block + 18).mul(d).mul(x1));
    }
    Memory.set(y, sum(s));
    Memory.set(y + 4, sum(t));
  }

  private static void twoQ4(long x, long w0, long w1, int blocks, long y) {
    FloatVector s = all(0f);
    FloatVector t = s;
    for (int b = 0; b < blocks; b++) {
      FloatVector x0 = at(x + 128L * b);
      FloatVector x1 = at(x + 128L * b + 64);
      long block = w0 + (long) b * Q4_BYTES;
      FloatVector d = all(half(block));
      IntVector q = bytes(block + 2);
      s = s.add(low(q).sub(8f).mul(d).mul(x0));
      s = s.add(high(q).sub(8f).mul(d).mul(x1));
      block = w1 + (long) b * Q4_BYTES;
      d = all(half(block));
      q = bytes(block + 2);
      t = t.add(low(q).sub(8f).mul(d).mul(x0));
      t = t.add(high(q).sub(8f).mul(d).mul(x1));
    }
    Memory.set(y, sum(s));
    Memory.set(y + 4, sum(t));
  }

  private static void twoQ41(long x, long w0, long w1, int blocks, long y) {
    FloatVector s = all(0f);
    FloatVector t = s;
    for (int b = 0; b < blocks; b++) {
      FloatVector x0 = at(x + 128L * b);
      FloatVector x1 = at(x + 128L * b + 64);
      long block = w0 + (long) b * Q4_1_BYTES;
      FloatVector d = all(half(block));
      FloatVector m = all(half(block + 2));
      IntVector q = bytes(block + 4);
      s = s.add(low(q).mul(d).add(m).mul(x0));
      s = s.add(high(q).mul(d).add(m).mul(x1));
      block = w1 + (long) b * Q4_1_BYTES;
      d = all(half(block));
      m = all(half(block + 2));
      q = bytes(block + 4);
      t = t.add(low(q).mul(d).add(m).mul(x0));
      t = t.add(high(q).mul(d).add(m).mul(x1));
    }
    Memory.set(y, sum(s));
    Memory.set(y + 4, sum(t));
  }
}
