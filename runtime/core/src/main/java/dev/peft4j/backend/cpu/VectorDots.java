package dev.peft4j.backend.cpu;

import static dev.peft4j.backend.cpu.VectorMath.ORDER;
import static dev.peft4j.backend.cpu.VectorMath.all;
import static dev.peft4j.backend.cpu.VectorMath.at;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Products of some rows with one row of a weight, which is read once, in the order of sums of
 * {@link VectorSums}. Only for vectors of 16 lanes and rows of a multiple of 16 elements.
 */
final class VectorDots {
  private VectorDots() {}

  /** 16 numbers of bfloat16. */
  private static FloatVector half(long address) {
    ShortVector bits =
        ShortVector.fromMemorySegment(ShortVector.SPECIES_256, Memory.ALL, address, ORDER);
    IntVector wide =
        (IntVector) bits.convertShape(VectorOperators.ZERO_EXTEND_S2I, IntVector.SPECIES_512, 0);
    return wide.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  /** The sum of {@code x * w} with w in bfloat16. */
  static float half(long x, long w, int n) {
    FloatVector s = all(0f);
    for (int i = 0; i < n; i += 16) {
      s = s.add(half(w + 2L * i).mul(at(x + 4L * i)));
    }
    s = s.add(s.rearrange(VectorSums.BY_8));
    s = s.add(s.rearrange(VectorSums.BY_4));
    s = s.add(s.rearrange(VectorSums.BY_2));
    return s.add(s.rearrange(VectorSums.BY_1)).lane(0);
  }

  /** Adds up each 16 of {@code count} times 16 numbers; the results are {@code next} apart. */
  static void tree(long sums, int count, long y, long next) {
    for (int j = 0; j < count; j++) {
      FloatVector s = at(sums + 64L * j);
      s = s.add(s.rearrange(VectorSums.BY_8));
      s = s.add(s.rearrange(VectorSums.BY_4));
      s = s.add(s.rearrange(VectorSums.BY_2));
      Memory.set(y + j * next, s.add(s.rearrange(VectorSums.BY_1)).lane(0));
    }
  }

  /** {@code to = w} as float32. */
  static void decode(long w, long to, int n) {
    for (int i = 0; i < n; i += 16) {
      half(w + 2L * i).intoMemorySegment(Memory.ALL, to + 4L * i, ORDER);
    }
  }

  /** The sums for four rows of x, {@code step} bytes apart; the results are {@code next} apart. */
  static void four(long x, long step, long w, long y, long next, int n) {
    FloatVector a = all(0f);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    long x1 = x + step;
    long x2 = x1 + step;
    long x3 = x2 + step;
    for (int i = 0; i < n; i += 16) {
      FloatVector v = at(w + 4L * i);
      a = a.add(v.mul(at(x + 4L * i)));
      b = b.add(v.mul(at(x1 + 4L * i)));
      c = c.add(v.mul(at(x2 + 4L * i)));
      d = d.add(v.mul(at(x3 + 4L * i)));
    }
    a = a.add(a.rearrange(VectorSums.BY_8));
    b = b.add(b.rearrange(VectorSums.BY_8));
    c = c.add(c.rearrange(VectorSums.BY_8));
    d = d.add(d.rearrange(VectorSums.BY_8));
    a = a.add(a.rearrange(VectorSums.BY_4));
    b = b.add(b.rearrange(VectorSums.BY_4));
    c = c.add(c.rearrange(VectorSums.BY_4));
    d = d.add(d.rearrange(VectorSums.BY_4));
    a = a.add(a.rearrange(VectorSums.BY_2));
    b = b.add(b.rearrange(VectorSums.BY_2));
    c = c.add(c.rearrange(VectorSums.BY_2));
    d = d.add(d.rearrange(VectorSums.BY_2));
    Memory.set(y, a.add(a.rearrange(VectorSums.BY_1)).lane(0));
    Memory.set(y + next, b.add(b.rearrange(VectorSums.BY_1)).lane(0));
    Memory.set(y + 2 * next, c.add(c.rearrange(VectorSums.BY_1)).lane(0));
    Memory.set(y + 3 * next, d.add(d.rearrange(VectorSums.BY_1)).lane(0));
  }
}
