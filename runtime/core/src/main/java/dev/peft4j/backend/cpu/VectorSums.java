package dev.peft4j.backend.cpu;

import static dev.peft4j.backend.cpu.VectorMath.LANES;
import static dev.peft4j.backend.cpu.VectorMath.SPECIES;
import static dev.peft4j.backend.cpu.VectorMath.all;
import static dev.peft4j.backend.cpu.VectorMath.at;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/**
 * Sums of at least 16 elements in the order that {@link Loops} defines. The 16 accumulators are one
 * vector of 16 lanes, two of 8 or four of 4, taken in turns: each step of a loop adds to the first
 * and moves it to the end.
 *
 * <p>Each sum has one loop over groups of 16, which puts 0 for the first {@code skip} elements:
 * none of the whole groups, more of the last 16 elements, of which some are in a whole group
 * already. As the additions wait for each other anyway, that costs nothing.
 *
 * <p>Nothing but the Vector API is called outside the loops: HotSpot does not inline other methods
 * where they are called seldom.
 */
final class VectorSums {
  private static final int PARTS = 16 / LANES;

  /** 0, 1, 2, ... */
  private static final FloatVector INDEX = (FloatVector) SPECIES.zero().addIndex(1);

  static final VectorShuffle<Float> BY_8 = by(8);
  static final VectorShuffle<Float> BY_4 = by(4);
  static final VectorShuffle<Float> BY_2 = by(2);
  static final VectorShuffle<Float> BY_1 = by(1);

  private VectorSums() {}

  private static VectorShuffle<Float> by(int lanes) {
    return VectorShuffle.fromOp(SPECIES, i -> (i + lanes) % LANES);
  }

  /** How many of the last 16 elements are in a whole group. */
  private static int skip(int n) {
    return 16 - (n & 15);
  }

  /** The sum of {@code a}. */
  static float sum(long a, int n) {
    float s = sum(a, n >> 4, 0f);
    long o = 4L * (n - 16);
    return (n & 15) == 0 ? s : s + sum(a + o, 1, skip(n));
  }

  private static float sum(long a, int groups, float skip) {
    FloatVector s0 = all(0f);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    FloatVector index = INDEX.sub(skip);
    for (int i = 0; i < groups * PARTS; i++) {
      long o = 4L * LANES * i;
      FloatVector v = at(a + o);
      FloatVector t = s0.add(v.blend(0f, index.compare(VectorOperators.LT, 0f)));
      index = index.add(LANES);
      if (PARTS == 1) {
        s0 = t;
      } else if (PARTS == 2) {
        s0 = s1;
        s1 = t;
      } else {
        s0 = s1;
        s1 = s2;
        s2 = s3;
        s3 = t;
      }
    }
    FloatVector s = PARTS == 1 ? s0 : PARTS == 2 ? s0.add(s1) : s0.add(s2).add(s1.add(s3));
    s = LANES >= 16 ? s.add(s.rearrange(BY_8)) : s;
    s = LANES >= 8 ? s.add(s.rearrange(BY_4)) : s;
    s = s.add(s.rearrange(BY_2));
    return s.add(s.rearrange(BY_1)).lane(0);
  }

  /** The sum of {@code a * b}. */
  static float product(long a, long b, int n) {
    float s = product(a, b, n >> 4, 0f);
    long o = 4L * (n - 16);
    return (n & 15) == 0 ? s : s + product(a + o, b + o, 1, skip(n));
  }

  private static float product(long a, long b, int groups, float skip) {
    FloatVector s0 = all(0f);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    FloatVector index = INDEX.sub(skip);
    for (int i = 0; i < groups * PARTS; i++) {
      long o = 4L * LANES * i;
      FloatVector v = at(a + o).mul(at(b + o));
      FloatVector t = s0.add(v.blend(0f, index.compare(VectorOperators.LT, 0f)));
      index = index.add(LANES);
      if (PARTS == 1) {
        s0 = t;
      } else if (PARTS == 2) {
        s0 = s1;
        s1 = t;
      } else {
        s0 = s1;
        s1 = s2;
        s2 = s3;
        s3 = t;
      }
    }
    FloatVector s = PARTS == 1 ? s0 : PARTS == 2 ? s0.add(s1) : s0.add(s2).add(s1.add(s3));
    s = LANES >= 16 ? s.add(s.rearrange(BY_8)) : s;
    s = LANES >= 8 ? s.add(s.rearrange(BY_4)) : s;
    s = s.add(s.rearrange(BY_2));
    return s.add(s.rearrange(BY_1)).lane(0);
  }

  /** The sum of {@code (a - mean)²}. */
  static float squaredDiff(long a, float mean, int n) {
    float s = squaredDiff(a, mean, n >> 4, 0f);
    long o = 4L * (n - 16);
    return (n & 15) == 0 ? s : s + squaredDiff(a + o, mean, 1, skip(n));
  }

  private static float squaredDiff(long a, float mean, int groups, float skip) {
    FloatVector s0 = all(0f);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    FloatVector index = INDEX.sub(skip);
    for (int i = 0; i < groups * PARTS; i++) {
      long o = 4L * LANES * i;
      FloatVector d = at(a + o).sub(mean);
      FloatVector v = d.mul(d);
      FloatVector t = s0.add(v.blend(0f, index.compare(VectorOperators.LT, 0f)));
      index = index.add(LANES);
      if (PARTS == 1) {
        s0 = t;
      } else if (PARTS == 2) {
        s0 = s1;
        s1 = t;
      } else {
        s0 = s1;
        s1 = s2;
        s2 = s3;
        s3 = t;
      }
    }
    FloatVector s = PARTS == 1 ? s0 : PARTS == 2 ? s0.add(s1) : s0.add(s2).add(s1.add(s3));
    s = LANES >= 16 ? s.add(s.rearrange(BY_8)) : s;
    s = LANES >= 8 ? s.add(s.rearrange(BY_4)) : s;
    s = s.add(s.rearrange(BY_2));
    return s.add(s.rearrange(BY_1)).lane(0);
  }

  /** The sum of {@code exp(a - c)}. */
  static float expDiff(long a, float c, int n) {
    float s = expDiff(a, c, n >> 4, 0f);
    long o = 4L * (n - 16);
    return (n & 15) == 0 ? s : s + expDiff(a + o, c, 1, skip(n));
  }

  private static float expDiff(long a, float c, int groups, float skip) {
    FloatVector s0 = all(0f);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    FloatVector index = INDEX.sub(skip);
    for (int i = 0; i < groups * PARTS; i++) {
      long o = 4L * LANES * i;
      FloatVector v = VectorMath.exp(at(a + o).sub(c));
      FloatVector t = s0.add(v.blend(0f, index.compare(VectorOperators.LT, 0f)));
      index = index.add(LANES);
      if (PARTS == 1) {
        s0 = t;
      } else if (PARTS == 2) {
        s0 = s1;
        s1 = t;
      } else {
        s0 = s1;
        s1 = s2;
        s2 = s3;
        s3 = t;
      }
    }
    FloatVector s = PARTS == 1 ? s0 : PARTS == 2 ? s0.add(s1) : s0.add(s2).add(s1.add(s3));
    s = LANES >= 16 ? s.add(s.rearrange(BY_8)) : s;
    s = LANES >= 8 ? s.add(s.rearrange(BY_4)) : s;
    s = s.add(s.rearrange(BY_2));
    return s.add(s.rearrange(BY_1)).lane(0);
  }

  /** The sum of {@code dy * ((x - mean) * r)}. */
  static float normalized(long x, long dy, float mean, float r, int n) {
    float s = normalized(x, dy, mean, r, n >> 4, 0f);
    long o = 4L * (n - 16);
    return (n & 15) == 0 ? s : s + normalized(x + o, dy + o, mean, r, 1, skip(n));
  }

  private static float normalized(long x, long dy, float mean, float r, int groups, float skip) {
    FloatVector s0 = all(0f);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    FloatVector index = INDEX.sub(skip);
    for (int i = 0; i < groups * PARTS; i++) {
      long o = 4L * LANES * i;
      FloatVector v = at(dy + o).mul(at(x + o).sub(mean).mul(r));
      FloatVector t = s0.add(v.blend(0f, index.compare(VectorOperators.LT, 0f)));
      index = index.add(LANES);
      if (PARTS == 1) {
        s0 = t;
      } else if (PARTS == 2) {
        s0 = s1;
        s1 = t;
      } else {
        s0 = s1;
        s1 = s2;
        s2 = s3;
        s3 = t;
      }
    }
    FloatVector s = PARTS == 1 ? s0 : PARTS == 2 ? s0.add(s1) : s0.add(s2).add(s1.add(s3));
    s = LANES >= 16 ? s.add(s.rearrange(BY_8)) : s;
    s = LANES >= 8 ? s.add(s.rearrange(BY_4)) : s;
    s = s.add(s.rearrange(BY_2));
    return s.add(s.rearrange(BY_1)).lane(0);
  }

  /** The sum of {@code (dy * w) * ((x - mean) * r)}. */
  static float weightedNormalized(long x, long w, long dy, float mean, float r, int n) {
    float s = weightedNormalized(x, w, dy, mean, r, n >> 4, 0f);
    long o = 4L * (n - 16);
    return (n & 15) == 0 ? s : s + weightedNormalized(x + o, w + o, dy + o, mean, r, 1, skip(n));
  }

  private static float weightedNormalized(
      long x, long w, long dy, float mean, float r, int groups, float skip) {
    FloatVector s0 = all(0f);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    FloatVector index = INDEX.sub(skip);
    for (int i = 0; i < groups * PARTS; i++) {
      long o = 4L * LANES * i;
      FloatVector v = at(dy + o).mul(at(w + o)).mul(at(x + o).sub(mean).mul(r));
      FloatVector t = s0.add(v.blend(0f, index.compare(VectorOperators.LT, 0f)));
      index = index.add(LANES);
      if (PARTS == 1) {
        s0 = t;
      } else if (PARTS == 2) {
        s0 = s1;
        s1 = t;
      } else {
        s0 = s1;
        s1 = s2;
        s2 = s3;
        s3 = t;
      }
    }
    FloatVector s = PARTS == 1 ? s0 : PARTS == 2 ? s0.add(s1) : s0.add(s2).add(s1.add(s3));
    s = LANES >= 16 ? s.add(s.rearrange(BY_8)) : s;
    s = LANES >= 8 ? s.add(s.rearrange(BY_4)) : s;
    s = s.add(s.rearrange(BY_2));
    return s.add(s.rearrange(BY_1)).lane(0);
  }
}
