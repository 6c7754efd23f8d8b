package dev.peft4j.backend.cpu;

import static dev.peft4j.backend.cpu.VectorMath.ORDER;
import static dev.peft4j.backend.cpu.VectorMath.all;
import static dev.peft4j.backend.cpu.VectorMath.at;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/**
 * Products of some rows with one row of a weight, which is read once, in the order of sums of
 * {@link VectorSums}. Only for vectors of 16 lanes and rows of a multiple of 16 elements.
 */
final class VectorDots {
  private static final VectorMask<Float> HIGH_8 = having(8);
  private static final VectorMask<Float> HIGH_4 = having(4);
  private static final VectorMask<Float> HIGH_2 = having(2);
  private static final VectorShuffle<Float> OTHER_8 = other(8);
  private static final VectorShuffle<Float> OTHER_4 = other(4);
  private static final VectorShuffle<Float> OTHER_2 = other(2);
  private static final VectorShuffle<Float> OTHER_1 = other(1);

  private VectorDots() {}

  /** The lanes whose number has a bit. */
  private static VectorMask<Float> having(int bit) {
    boolean[] set = new boolean[VectorMath.LANES];
    for (int i = 0; i < set.length; i++) {
      set[i] = (i & bit) != 0;
    }
    return VectorMask.fromArray(VectorMath.SPECIES, set, 0);
  }

  /** Each lane from the one whose number differs in a bit. */
  private static VectorShuffle<Float> other(int bit) {
    return VectorShuffle.fromOp(VectorMath.SPECIES, i -> (i ^ bit) % VectorMath.LANES);
  }

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

  /**
   * The sums for four rows of x and two of the weight, which are {@code wStep} bytes apart; the
   * results of the second one stand behind those of the first.
   *
   * <p>The vectors of eight sums are added up together: half of one beside half of another, then
   * quarters of four, in the order in which each is added up alone.
   */
  static void eight(long x, long step, long w, long wStep, long y, long next, int n) {
    FloatVector a = all(0f);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    FloatVector e = a;
    FloatVector f = a;
    FloatVector g = a;
    FloatVector h = a;
    long x1 = x + step;
    long x2 = x1 + step;
    long x3 = x2 + step;
    long w1 = w + wStep;
    for (int i = 0; i < n; i += 16) {
      long o = 4L * i;
      FloatVector v = at(w + o);
      FloatVector u = at(w1 + o);
      FloatVector t = at(x + o);
      a = a.add(v.mul(t));
      e = e.add(u.mul(t));
      t = at(x1 + o);
      b = b.add(v.mul(t));
      f = f.add(u.mul(t));
      t = at(x2 + o);
      c = c.add(v.mul(t));
      g = g.add(u.mul(t));
      t = at(x3 + o);
      d = d.add(v.mul(t));
      h = h.add(u.mul(t));
    }
    a = a.blend(e, HIGH_8).add(e.blend(a, HIGH_8).rearrange(OTHER_8));
    b = b.blend(f, HIGH_8).add(f.blend(b, HIGH_8).rearrange(OTHER_8));
    c = c.blend(g, HIGH_8).add(g.blend(c, HIGH_8).rearrange(OTHER_8));
    d = d.blend(h, HIGH_8).add(h.blend(d, HIGH_8).rearrange(OTHER_8));
    a = a.blend(b, HIGH_4).add(b.blend(a, HIGH_4).rearrange(OTHER_4));
    c = c.blend(d, HIGH_4).add(d.blend(c, HIGH_4).rearrange(OTHER_4));
    a = a.blend(c, HIGH_2).add(c.blend(a, HIGH_2).rearrange(OTHER_2));
    a = a.add(a.rearrange(OTHER_1));
    Memory.set(y, a.lane(0));
    Memory.set(y + next, a.lane(4));
    Memory.set(y + 2 * next, a.lane(2));
    Memory.set(y + 3 * next, a.lane(6));
    Memory.set(y + 4, a.lane(8));
    Memory.set(y + next + 4, a.lane(12));
    Memory.set(y + 2 * next + 4, a.lane(10));
    Memory.set(y + 3 * next + 4, a.lane(14));
  }
}
