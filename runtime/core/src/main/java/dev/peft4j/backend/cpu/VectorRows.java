package dev.peft4j.backend.cpu;

import static dev.peft4j.backend.cpu.VectorMath.LANES;
import static dev.peft4j.backend.cpu.VectorMath.at;
import static dev.peft4j.backend.cpu.VectorMath.put;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Vector loops over several operands, and the passes of row kernels, built as those of {@link
 * VectorBinary}.
 */
final class VectorRows {
  private VectorRows() {}

  private static FloatVector chosen(long cond, long a, long b) {
    return at(b).blend(at(a), at(cond).compare(VectorOperators.NE, 0f));
  }

  static void select(long cond, long a, long b, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = chosen(cond + end, a + end, b + end);
    for (int i = 0; i < n - LANES; i += LANES) {
      long o = 4L * i;
      put(chosen(cond + o, a + o, b + o), dst + o);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  static void mulAdd(long a, long b, long c, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = at(a + end).mul(at(b + end)).add(at(c + end));
    for (int i = 0; i < n - LANES; i += LANES) {
      long o = 4L * i;
      put(at(a + o).mul(at(b + o)).add(at(c + o)), dst + o);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  static void axpy(float alpha, long x, long y, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = at(x + end).mul(alpha).add(at(y + end));
    for (int i = 0; i < n - LANES; i += LANES) {
      long o = 4L * i;
      put(at(x + o).mul(alpha).add(at(y + o)), y + o);
    }
    last.intoMemorySegment(Memory.ALL, y + end, VectorMath.ORDER);
  }

  static void fill(float value, long dst, int n) {
    FloatVector v = VectorMath.all(value);
    for (int i = 0; i < n - LANES; i += LANES) {
      put(v, dst + 4L * i);
    }
    v.intoMemorySegment(Memory.ALL, dst + 4L * (n - LANES), VectorMath.ORDER);
  }

  /**
   * The largest element; NaN if one is. The order does not matter, so there are two accumulators.
   */
  static float max(long a, int n) {
    FloatVector m0 = at(a + 4L * (n - LANES));
    FloatVector m1 = m0;
    int end = n - LANES;
    for (int i = 0; i < end; i += 2 * LANES) {
      m0 = m0.max(at(a + 4L * i));
      m1 = m1.max(at(a + 4L * Math.min(i + LANES, end)));
    }
    FloatVector m = m0.max(m1);
    m = LANES >= 16 ? m.max(m.rearrange(VectorSums.BY_8)) : m;
    m = LANES >= 8 ? m.max(m.rearrange(VectorSums.BY_4)) : m;
    m = m.max(m.rearrange(VectorSums.BY_2));
    return m.max(m.rearrange(VectorSums.BY_1)).lane(0);
  }

  /**
   * Turns pairs of a head, {@code half} apart, by the angles of a table; half is a multiple of the
   * lanes.
   */
  static void rotate(long x, long table, long y, int half, float sign) {
    long far = 4L * half;
    for (int i = 0; i < half; i += LANES) {
      long o = 4L * i;
      FloatVector cos = at(table + o);
      FloatVector sin = at(table + far + o).mul(sign);
      FloatVector a = at(x + o);
      FloatVector b = at(x + far + o);
      put(a.mul(cos).sub(b.mul(sin)), y + o);
      put(b.mul(cos).add(a.mul(sin)), y + far + o);
    }
  }

  /** {@code dst = (a - b) - c}. */
  static void subTwice(long a, float b, float c, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = at(a + end).sub(b).sub(c);
    for (int i = 0; i < n - LANES; i += LANES) {
      put(at(a + 4L * i).sub(b).sub(c), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  /** {@code dx = y * (dy - s)}. */
  static void softmaxGrad(long y, long dy, float s, long dx, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = at(y + end).mul(at(dy + end).sub(s));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(at(y + 4L * i).mul(at(dy + 4L * i).sub(s)), dx + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dx + end, VectorMath.ORDER);
  }

  private static FloatVector normalized(long x, long w, long b, float mean, float r) {
    FloatVector v = at(x).sub(mean).mul(r);
    v = w != 0 ? v.mul(at(w)) : v;
    return b != 0 ? v.add(at(b)) : v;
  }

  /** {@code y = ((x - mean) * r) * w + b}; {@code w} and {@code b} may be 0 for none. */
  static void normalize(long x, long w, long b, float mean, float r, long y, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = normalized(x + end, w != 0 ? w + end : 0, b != 0 ? b + end : 0, mean, r);
    for (int i = 0; i < n - LANES; i += LANES) {
      long o = 4L * i;
      put(normalized(x + o, w != 0 ? w + o : 0, b != 0 ? b + o : 0, mean, r), y + o);
    }
    last.intoMemorySegment(Memory.ALL, y + end, VectorMath.ORDER);
  }

  private static FloatVector gradient(
      long x, long w, long dy, float mean, float r, float s, float t) {
    FloatVector g = w != 0 ? at(dy).mul(at(w)) : at(dy);
    return g.sub(s).sub(at(x).sub(mean).mul(r).mul(t)).mul(r);
  }

  /** {@code dx = ((dy * w - s) - ((x - mean) * r) * t) * r}; {@code w} may be 0 for none. */
  static void normalizeGrad(
      long x, long w, long dy, float mean, float r, float s, float t, long dx, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = gradient(x + end, w != 0 ? w + end : 0, dy + end, mean, r, s, t);
    for (int i = 0; i < n - LANES; i += LANES) {
      long o = 4L * i;
      put(gradient(x + o, w != 0 ? w + o : 0, dy + o, mean, r, s, t), dx + o);
    }
    last.intoMemorySegment(Memory.ALL, dx + end, VectorMath.ORDER);
  }
}
