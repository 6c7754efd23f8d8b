package dev.peft4j.backend.cpu;

import static dev.peft4j.backend.cpu.VectorMath.LANES;
import static dev.peft4j.backend.cpu.VectorMath.all;
import static dev.peft4j.backend.cpu.VectorMath.at;
import static dev.peft4j.backend.cpu.VectorMath.put;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Vector loops over functions of one element, built as those of {@link VectorBinary}. The long
 * functions stand once in their loop, not a second time for the last vector, to stay within what
 * HotSpot inlines: there only the load is done ahead.
 */
final class VectorUnary {
  private VectorUnary() {}

  /** False if there is no loop for {@code op}. */
  static boolean run(int op, long a, long dst, int n) {
    switch (op) {
      case Loops.NEG -> neg(a, dst, n);
      case Loops.ABS -> abs(a, dst, n);
      case Loops.SQRT -> sqrt(a, dst, n);
      case Loops.RSQRT -> rsqrt(a, dst, n);
      case Loops.RECIP -> recip(a, dst, n);
      case Loops.SQUARE -> square(a, dst, n);
      case Loops.FLOOR -> floor(a, dst, n);
      case Loops.SIGN -> sign(a, dst, n);
      case Loops.EXP -> exp(a, dst, n);
      case Loops.LOG -> log(a, dst, n);
      case Loops.TANH -> tanh(a, dst, n);
      case Loops.SIGMOID -> sigmoid(a, dst, n);
      case Loops.ERF -> erf(a, dst, n);
      default -> {
        return false;
      }
    }
    return true;
  }

  private static FloatVector square(FloatVector x) {
    return x.mul(x);
  }

  private static void neg(long a, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = at(a + end).neg();
    for (int i = 0; i < n - LANES; i += LANES) {
      put(at(a + 4L * i).neg(), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void abs(long a, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = at(a + end).abs();
    for (int i = 0; i < n - LANES; i += LANES) {
      put(at(a + 4L * i).abs(), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void sqrt(long a, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = at(a + end).sqrt();
    for (int i = 0; i < n - LANES; i += LANES) {
      put(at(a + 4L * i).sqrt(), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void rsqrt(long a, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = all(1f).div(at(a + end).sqrt());
    for (int i = 0; i < n - LANES; i += LANES) {
      put(all(1f).div(at(a + 4L * i).sqrt()), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void recip(long a, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = all(1f).div(at(a + end));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(all(1f).div(at(a + 4L * i)), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void square(long a, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = square(at(a + end));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(square(at(a + 4L * i)), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void floor(long a, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = VectorMath.floor(at(a + end));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(VectorMath.floor(at(a + 4L * i)), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void sign(long a, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = VectorMath.sign(at(a + end));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(VectorMath.sign(at(a + 4L * i)), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void exp(long a, long dst, int n) {
    int end = n - LANES;
    FloatVector last = at(a + 4L * end);
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = i <= end ? at(a + 4L * i) : last;
      FloatVector y = VectorMath.exp(x);
      y.intoMemorySegment(Memory.ALL, dst + 4L * Math.min(i, end), VectorMath.ORDER);
    }
  }

  private static void log(long a, long dst, int n) {
    int end = n - LANES;
    FloatVector last = at(a + 4L * end);
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = i <= end ? at(a + 4L * i) : last;
      FloatVector y = VectorMath.log(x);
      y.intoMemorySegment(Memory.ALL, dst + 4L * Math.min(i, end), VectorMath.ORDER);
    }
  }

  private static void tanh(long a, long dst, int n) {
    int end = n - LANES;
    FloatVector last = at(a + 4L * end);
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = i <= end ? at(a + 4L * i) : last;
      FloatVector y = VectorMath.tanh(x);
      y.intoMemorySegment(Memory.ALL, dst + 4L * Math.min(i, end), VectorMath.ORDER);
    }
  }

  private static void sigmoid(long a, long dst, int n) {
    int end = n - LANES;
    FloatVector last = at(a + 4L * end);
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = i <= end ? at(a + 4L * i) : last;
      FloatVector y = all(1f).div(VectorMath.exp(x.neg()).add(1f));
      y.intoMemorySegment(Memory.ALL, dst + 4L * Math.min(i, end), VectorMath.ORDER);
    }
  }

  private static void erf(long a, long dst, int n) {
    int end = n - LANES;
    FloatVector last = at(a + 4L * end);
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = i <= end ? at(a + 4L * i) : last;
      FloatVector y = VectorMath.erf(x);
      y.intoMemorySegment(Memory.ALL, dst + 4L * Math.min(i, end), VectorMath.ORDER);
    }
  }

  /** {@code dst = exp(a - c)}. */
  static void expDiff(long a, float c, long dst, int n) {
    int end = n - LANES;
    FloatVector last = at(a + 4L * end);
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = i <= end ? at(a + 4L * i) : last;
      FloatVector y = VectorMath.exp(x.sub(c));
      y.intoMemorySegment(Memory.ALL, dst + 4L * Math.min(i, end), VectorMath.ORDER);
    }
  }

  static void gelu(long a, long dst, int n) {
    int end = n - LANES;
    FloatVector last = at(a + 4L * end);
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = i <= end ? at(a + 4L * i) : last;
      FloatVector y = VectorMath.erf(x.mul(FastMath.SQRT_HALF)).add(1f).mul(x.mul(0.5f));
      y.intoMemorySegment(Memory.ALL, dst + 4L * Math.min(i, end), VectorMath.ORDER);
    }
  }

  static void geluGrad(long a, long dy, long dst, int n) {
    int end = n - LANES;
    FloatVector last = at(a + 4L * end);
    FloatVector lastDy = at(dy + 4L * end);
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = i <= end ? at(a + 4L * i) : last;
      FloatVector d = i <= end ? at(dy + 4L * i) : lastDy;
      FloatVector e = VectorMath.exp(x.mul(x).mul(-0.5f));
      FloatVector z = x.abs();
      z = z.blend(FastMath.MAX_MILLS, z.compare(VectorOperators.GT, FastMath.MAX_MILLS));
      FloatVector p = z.mul(FastMath.MP2).add(FastMath.MP1);
      p = p.mul(z).add(FastMath.MP0);
      FloatVector q = z.mul(FastMath.MQ4).add(FastMath.MQ3);
      q = q.mul(z).add(FastMath.MQ2);
      q = q.mul(z).add(FastMath.MQ1);
      q = q.mul(z).add(1f);
      FloatVector beyond = e.mul(p.div(q));
      FloatVector one = FloatVector.broadcast(VectorMath.SPECIES, 1f);
      FloatVector below = one.sub(beyond).blend(beyond, x.compare(VectorOperators.LT, 0f));
      FloatVector y = d.mul(below.add(x.mul(e.mul(FastMath.INV_SQRT_2PI))));
      y.intoMemorySegment(Memory.ALL, dst + 4L * Math.min(i, end), VectorMath.ORDER);
    }
  }
}
