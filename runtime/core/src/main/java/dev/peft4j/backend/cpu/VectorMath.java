package dev.peft4j.backend.cpu;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The functions of {@link FastMath} on vectors, operation by operation in the same order, and
 * access to memory. Comparisons and blends stand for the scalar conditional expressions.
 *
 * <p>All of it must be inlined by HotSpot into loops, or every vector becomes an object. It does so
 * for a method of at most 325 bytes of byte code that is called often, as long as the loop has not
 * grown too large (some thirty vector operations): a loop calls one of the long functions here,
 * first, and after it only the Vector API itself, which is exempt.
 */
final class VectorMath {
  /** What the hardware likes best, with at most the 16 lanes that {@link Loops} defines sums by. */
  static final VectorSpecies<Float> SPECIES =
      FloatVector.SPECIES_PREFERRED.length() > 16
          ? FloatVector.SPECIES_512
          : FloatVector.SPECIES_PREFERRED;

  /** Lanes of a vector: 4, 8 or 16. */
  static final int LANES = SPECIES.length();

  /**
   * False where vector loops would be slower than plain ones: where vectors are too short, and on
   * x86 without AVX, for which HotSpot compiles neither comparisons nor blends.
   */
  static final boolean USEFUL = LANES > 4 || (LANES == 4 && !x86());

  static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private VectorMath() {}

  private static boolean x86() {
    String arch = System.getProperty("os.arch", "");
    return arch.equals("amd64") || arch.startsWith("x86");
  }

  static FloatVector at(long address) {
    return FloatVector.fromMemorySegment(SPECIES, Memory.ALL, address, ORDER);
  }

  static void put(FloatVector v, long address) {
    v.intoMemorySegment(Memory.ALL, address, ORDER);
  }

  static FloatVector all(float value) {
    return FloatVector.broadcast(SPECIES, value);
  }

  /** 1 where {@code mask} is set, else 0. */
  static FloatVector ones(VectorMask<Float> mask) {
    return all(0f).blend(1f, mask);
  }

  static FloatVector exp(FloatVector x) {
    FloatVector t = x.mul(FastMath.LOG2_E).add(FastMath.ROUND);
    FloatVector n = t.sub(FastMath.ROUND);
    FloatVector r = x.sub(n.mul(FastMath.LOG_2_HIGH));
    r = r.sub(n.mul(FastMath.LOG_2_LOW));
    FloatVector p = r.mul(FastMath.E6).add(FastMath.E5);
    p = p.mul(r).add(FastMath.E4);
    p = p.mul(r).add(FastMath.E3);
    p = p.mul(r).add(FastMath.E2);
    p = p.mul(r.mul(r)).add(r);
    p = p.add(1f);
    IntVector power = t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
    FloatVector y = p.reinterpretAsInts().add(power).reinterpretAsFloats();
    y = x.mul(Float.POSITIVE_INFINITY).blend(y, x.compare(VectorOperators.LE, FastMath.MAX_EXP));
    return y.blend(0f, x.compare(VectorOperators.LT, FastMath.EXP_LEAST));
  }

  static FloatVector log(FloatVector x) {
    VectorMask<Float> tiny = x.compare(VectorOperators.LT, Float.MIN_NORMAL);
    IntVector bits = x.blend(x.mul(FastMath.TWO_23), tiny).reinterpretAsInts();
    IntVector exponent = bits.sub(FastMath.SQRT_HALF_BITS).lanewise(VectorOperators.ASHR, 23);
    FloatVector f =
        bits.sub(exponent.lanewise(VectorOperators.LSHL, 23)).reinterpretAsFloats().sub(1f);
    FloatVector e =
        exponent
            .add(FastMath.ROUND_BITS)
            .reinterpretAsFloats()
            .sub(all(FastMath.ROUND).blend(FastMath.ROUND + 23f, tiny));
    FloatVector p = f.mul(FastMath.L7).add(FastMath.L6);
    p = p.mul(f).add(FastMath.L5);
    p = p.mul(f).add(FastMath.L4);
    p = p.mul(f).add(FastMath.L3);
    p = p.mul(f).add(FastMath.L2);
    p = p.mul(f).add(FastMath.L1);
    p = p.mul(f).add(FastMath.L0);
    FloatVector z = f.mul(f);
    FloatVector y = f.mul(z).mul(p);
    y = y.add(e.mul(FastMath.LOG_2_LOW));
    y = y.sub(z.mul(0.5f));
    y = f.add(y);
    y = y.add(e.mul(FastMath.LOG_2_HIGH));
    y = x.blend(y, x.compare(VectorOperators.LT, Float.POSITIVE_INFINITY));
    y = y.blend(Float.NEGATIVE_INFINITY, x.compare(VectorOperators.EQ, 0f));
    return y.blend(Float.NaN, x.compare(VectorOperators.LT, 0f));
  }

  static FloatVector tanh(FloatVector x) {
    FloatVector t = x.mul(x);
    t = t.blend(FastMath.MAX_TANH, t.compare(VectorOperators.GT, FastMath.MAX_TANH));
    FloatVector p = t.mul(FastMath.TP4).add(FastMath.TP3);
    p = p.mul(t).add(FastMath.TP2);
    p = p.mul(t).add(FastMath.TP1);
    p = p.mul(t).add(1f);
    FloatVector q = t.mul(FastMath.TQ4).add(FastMath.TQ3);
    q = q.mul(t).add(FastMath.TQ2);
    q = q.mul(t).add(FastMath.TQ1);
    q = q.mul(t).add(1f);
    FloatVector y = x.mul(p).div(q);
    y = y.blend(1f, y.compare(VectorOperators.GT, 1f));
    return y.blend(-1f, y.compare(VectorOperators.LT, -1f));
  }

  static FloatVector erf(FloatVector x) {
    FloatVector t = x.mul(x);
    t = t.blend(FastMath.MAX_ERF, t.compare(VectorOperators.GT, FastMath.MAX_ERF));
    FloatVector p = t.mul(FastMath.EP5).add(FastMath.EP4);
    p = p.mul(t).add(FastMath.EP3);
    p = p.mul(t).add(FastMath.EP2);
    p = p.mul(t).add(FastMath.EP1);
    p = p.mul(t).add(FastMath.EP0);
    FloatVector q = t.mul(FastMath.EQ5).add(FastMath.EQ4);
    q = q.mul(t).add(FastMath.EQ3);
    q = q.mul(t).add(FastMath.EQ2);
    q = q.mul(t).add(FastMath.EQ1);
    q = q.mul(t).add(1f);
    FloatVector y = x.mul(p).div(q);
    y = y.blend(1f, y.compare(VectorOperators.GT, 1f));
    return y.blend(-1f, y.compare(VectorOperators.LT, -1f));
  }

  static FloatVector floor(FloatVector x) {
    FloatVector size = x.abs();
    FloatVector y = size.add(FastMath.TWO_23).sub(FastMath.TWO_23); // to the nearest
    y = y.blend(y.neg(), x.compare(VectorOperators.LT, 0f));
    y = y.blend(y.sub(1f), y.compare(VectorOperators.GT, x));
    VectorMask<Float> whole = y.compare(VectorOperators.EQ, x); // keeps -0
    return x.blend(y, size.compare(VectorOperators.LT, FastMath.TWO_23).andNot(whole));
  }

  static FloatVector sign(FloatVector x) {
    FloatVector y = x.blend(1f, x.compare(VectorOperators.GT, 0f));
    return y.blend(-1f, x.compare(VectorOperators.LT, 0f));
  }
}
