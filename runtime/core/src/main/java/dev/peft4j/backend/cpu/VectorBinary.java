package dev.peft4j.backend.cpu;

import static dev.peft4j.backend.cpu.VectorMath.LANES;
import static dev.peft4j.backend.cpu.VectorMath.all;
import static dev.peft4j.backend.cpu.VectorMath.at;
import static dev.peft4j.backend.cpu.VectorMath.ones;
import static dev.peft4j.backend.cpu.VectorMath.put;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Vector loops over functions of two elements. A loop for each, because HotSpot makes vector code
 * only where the operation is a constant. Every loop wants at least {@link VectorMath#LANES}
 * elements; its last vector ends at the last element and overlaps the one before, so it is computed
 * first, in case the destination is a source. It is stored by the Vector API itself: what a loop is
 * followed by looks seldom called to HotSpot, which then does not inline methods of ours.
 */
final class VectorBinary {
  private VectorBinary() {}

  /** False if there is no loop for {@code op}. */
  static boolean run(int op, long a, long b, long dst, int n) {
    switch (op) {
      case Loops.ADD -> add(a, b, dst, n);
      case Loops.SUB -> sub(a, b, dst, n);
      case Loops.MUL -> mul(a, b, dst, n);
      case Loops.DIV -> div(a, b, dst, n);
      case Loops.MAX -> max(a, b, dst, n);
      case Loops.MIN -> min(a, b, dst, n);
      case Loops.GT -> greater(a, b, dst, n);
      case Loops.GE -> greaterOrEqual(a, b, dst, n);
      case Loops.EQ -> equal(a, b, dst, n);
      case Loops.NE -> notEqual(a, b, dst, n);
      case Loops.LT -> greater(b, a, dst, n);
      case Loops.LE -> greaterOrEqual(b, a, dst, n);
      default -> {
        return false;
      }
    }
    return true;
  }

  /** False if there is no loop for {@code op}. */
  static boolean runConst(int op, long a, float c, long dst, int n) {
    switch (op) {
      case Loops.ADD -> add(a, c, dst, n);
      case Loops.SUB -> add(a, -c, dst, n);
      case Loops.MUL -> mul(a, c, dst, n);
      case Loops.DIV -> div(a, c, dst, n);
      case Loops.MAX -> max(a, c, dst, n);
      case Loops.MIN -> min(a, c, dst, n);
      case Loops.GT -> greater(a, c, dst, n);
      case Loops.GE -> greaterOrEqual(a, c, dst, n);
      case Loops.EQ -> equal(a, c, dst, n);
      case Loops.NE -> notEqual(a, c, dst, n);
      case Loops.LT -> less(a, c, dst, n);
      case Loops.LE -> lessOrEqual(a, c, dst, n);
      default -> {
        return false;
      }
    }
    return true;
  }

  /** False if there is no loop for {@code op}. */
  static boolean constRun(int op, float c, long b, long dst, int n) {
    switch (op) {
      case Loops.SUB -> subFrom(c, b, dst, n);
      case Loops.DIV -> divideBy(c, b, dst, n);
      case Loops.GT -> less(b, c, dst, n);
      case Loops.GE -> lessOrEqual(b, c, dst, n);
      case Loops.LT -> greater(b, c, dst, n);
      case Loops.LE -> greaterOrEqual(b, c, dst, n);
      default -> {
        return runConst(op, b, c, dst, n); // the others do not mind the order
      }
    }
    return true;
  }

  private static void add(long a, long b, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = at(a + end).add(at(b + end));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(at(a + 4L * i).add(at(b + 4L * i)), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void sub(long a, long b, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = at(a + end).sub(at(b + end));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(at(a + 4L * i).sub(at(b + 4L * i)), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void mul(long a, long b, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = at(a + end).mul(at(b + end));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(at(a + 4L * i).mul(at(b + 4L * i)), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void div(long a, long b, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = at(a + end).div(at(b + end));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(at(a + 4L * i).div(at(b + 4L * i)), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void max(long a, long b, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = at(a + end).max(at(b + end));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(at(a + 4L * i).max(at(b + 4L * i)), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void min(long a, long b, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = at(a + end).min(at(b + end));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(at(a + 4L * i).min(at(b + 4L * i)), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void greater(long a, long b, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = ones(at(a + end).compare(VectorOperators.GT, at(b + end)));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(ones(at(a + 4L * i).compare(VectorOperators.GT, at(b + 4L * i))), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void greaterOrEqual(long a, long b, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = ones(at(a + end).compare(VectorOperators.GE, at(b + end)));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(ones(at(a + 4L * i).compare(VectorOperators.GE, at(b + 4L * i))), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void equal(long a, long b, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = ones(at(a + end).compare(VectorOperators.EQ, at(b + end)));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(ones(at(a + 4L * i).compare(VectorOperators.EQ, at(b + 4L * i))), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void notEqual(long a, long b, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = ones(at(a + end).compare(VectorOperators.NE, at(b + end)));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(ones(at(a + 4L * i).compare(VectorOperators.NE, at(b + 4L * i))), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void add(long a, float c, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = at(a + end).add(c);
    for (int i = 0; i < n - LANES; i += LANES) {
      put(at(a + 4L * i).add(c), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void mul(long a, float c, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = at(a + end).mul(c);
    for (int i = 0; i < n - LANES; i += LANES) {
      put(at(a + 4L * i).mul(c), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void div(long a, float c, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = at(a + end).div(c);
    for (int i = 0; i < n - LANES; i += LANES) {
      put(at(a + 4L * i).div(c), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void max(long a, float c, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = at(a + end).max(c);
    for (int i = 0; i < n - LANES; i += LANES) {
      put(at(a + 4L * i).max(c), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void min(long a, float c, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = at(a + end).min(c);
    for (int i = 0; i < n - LANES; i += LANES) {
      put(at(a + 4L * i).min(c), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void greater(long a, float c, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = ones(at(a + end).compare(VectorOperators.GT, c));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(ones(at(a + 4L * i).compare(VectorOperators.GT, c)), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void greaterOrEqual(long a, float c, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = ones(at(a + end).compare(VectorOperators.GE, c));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(ones(at(a + 4L * i).compare(VectorOperators.GE, c)), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void equal(long a, float c, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = ones(at(a + end).compare(VectorOperators.EQ, c));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(ones(at(a + 4L * i).compare(VectorOperators.EQ, c)), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void notEqual(long a, float c, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = ones(at(a + end).compare(VectorOperators.NE, c));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(ones(at(a + 4L * i).compare(VectorOperators.NE, c)), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void less(long a, float c, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = ones(at(a + end).compare(VectorOperators.LT, c));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(ones(at(a + 4L * i).compare(VectorOperators.LT, c)), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void lessOrEqual(long a, float c, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = ones(at(a + end).compare(VectorOperators.LE, c));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(ones(at(a + 4L * i).compare(VectorOperators.LE, c)), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void subFrom(float c, long b, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = all(c).sub(at(b + end));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(all(c).sub(at(b + 4L * i)), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }

  private static void divideBy(float c, long b, long dst, int n) {
    long end = 4L * (n - LANES);
    FloatVector last = all(c).div(at(b + end));
    for (int i = 0; i < n - LANES; i += LANES) {
      put(all(c).div(at(b + 4L * i)), dst + 4L * i);
    }
    last.intoMemorySegment(Memory.ALL, dst + end, VectorMath.ORDER);
  }
}
