package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The vector loops against the plain ones, bit by bit (all NaNs being one). */
class SameBitsTest {
  private static final int[] LENGTHS = {
    0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 23, 31, 32, 33, 47, 48, 49, 100, 1000, 4097
  };
  private static final int ROOM = 4200;
  private static final float[] SPECIAL = {
    0f,
    -0f,
    1f,
    -1f,
    Float.NaN,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    Float.MIN_NORMAL,
    -Float.MIN_NORMAL,
    1.1e-38f,
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    88.72283f,
    88.722839f,
    88.73f,
    -87.33f,
    -87.336f,
    -88f,
    -104f,
    0.5f,
    -0.5f,
    2.5f,
    -2.5f,
    3.93f,
    -3.93f,
    9.02f,
    8388607.5f,
    8388608f,
    -8388609f,
    4.0e9f,
    0.70710677f,
    0.7071068f,
    1.4142135f,
    1.4142137f
  };

  private final Floats memory = new Floats();
  private final Random random = new Random(5);
  private final Loops plain = new ScalarLoops();
  private final Loops vector = new VectorLoops(0);
  private final long[] in = new long[3];
  private long want;
  private long got;

  @BeforeEach
  void allocate() {
    for (int i = 0; i < in.length; i++) {
      in[i] = memory.room(ROOM, 1 + i);
    }
    want = memory.room(ROOM, 5);
    got = memory.room(ROOM, 2);
  }

  @AfterEach
  void free() {
    memory.close();
  }

  private interface Kernel {
    void run(Loops loops, long dst, int n);
  }

  /**
   * Fills the inputs anew for each length, some with special values, and compares all results and
   * one float beyond.
   */
  private void compare(String name, float scale, Kernel kernel) {
    for (int special = 0; special < 2; special++) {
      for (int n : LENGTHS) {
        prepare(scale, special == 1);
        kernel.run(plain, want, n);
        kernel.run(vector, got, n);
        for (int i = 0; i <= n; i++) {
          int a = Float.floatToIntBits(Memory.get(want + 4L * i));
          int b = Float.floatToIntBits(Memory.get(got + 4L * i));
          if (a != b) {
            assertThat(Float.intBitsToFloat(b))
                .as("%s: element %d of %d", name, i, n)
                .isEqualTo(Float.intBitsToFloat(a));
            assertThat(b).as("%s: bits of element %d of %d", name, i, n).isEqualTo(a);
          }
        }
      }
    }
  }

  private void prepare(float scale, boolean special) {
    for (long address : in) {
      Floats.write(address, Floats.random(random, ROOM, scale));
      for (int i = 0; special && i < ROOM; i++) {
        if (random.nextInt(3) > 0) {
          Memory.set(address + 4L * i, SPECIAL[random.nextInt(SPECIAL.length)]);
        }
      }
    }
    float[] old = Floats.random(random, ROOM, 1);
    Floats.write(want, old);
    Floats.write(got, old);
  }

  private interface Sum {
    float of(Loops loops, int n);
  }

  private void compareSum(String name, Sum sum) {
    compare(name, 1, (loops, dst, n) -> Memory.set(dst, sum.of(loops, n)));
  }

  @Test
  void functionsOfOne() {
    for (int op = Loops.NEG; op <= Loops.SIGN; op++) {
      int f = op;
      for (float scale : new float[] {0.1f, 1, 10, 100, 1e7f}) {
        compare("unary " + op, scale, (loops, dst, n) -> loops.unary(f, in[0], dst, n));
      }
      compare("unary in place " + op, 3, inPlace((loops, dst, n) -> loops.unary(f, dst, dst, n)));
    }
  }

  private Kernel inPlace(Kernel kernel) {
    return (loops, dst, n) -> {
      loops.copy(in[0], dst, n);
      kernel.run(loops, dst, n);
    };
  }

  @Test
  void functionsOfTwo() {
    for (int op = Loops.ADD; op <= Loops.NE; op++) {
      int f = op;
      compare("binary " + op, 1, (loops, dst, n) -> loops.binary(f, in[0], in[1], dst, n));
      compare(
          "binary in place " + op,
          1,
          inPlace((loops, dst, n) -> loops.binary(f, dst, in[1], dst, n)));
      compare(
          "binary in place of the second " + op,
          1,
          inPlace((loops, dst, n) -> loops.binary(f, in[1], dst, dst, n)));
      for (float c : new float[] {1.5f, 0f, -0f, Float.NaN, Float.NEGATIVE_INFINITY}) {
        compare("binaryConst " + op, 1, (loops, dst, n) -> loops.binaryConst(f, in[0], c, dst, n));
        compare(
            "constBinary " + op,
            1,
            inPlace((loops, dst, n) -> loops.constBinary(f, c, dst, dst, n)));
      }
    }
  }

  @Test
  void combinations() {
    compare("select", 1, (loops, dst, n) -> loops.select(in[0], in[1], in[2], dst, n));
    compare(
        "select in place", 1, inPlace((loops, dst, n) -> loops.select(dst, in[1], in[2], dst, n)));
    compare("mulAdd", 1, (loops, dst, n) -> loops.mulAdd(in[0], in[1], in[2], dst, n));
    compare(
        "mulAdd in place", 1, inPlace((loops, dst, n) -> loops.mulAdd(in[1], dst, dst, dst, n)));
    compare("fill", 1, (loops, dst, n) -> loops.fill(3f, dst, n));
    compare("axpy", 1, (loops, dst, n) -> loops.axpy(0.3f, in[0], dst, n));
    compare("scale", 1, (loops, dst, n) -> loops.scale(0.3f, in[0], dst, n));
    compare("copy onto itself, moved", 1, (loops, dst, n) -> loops.copy(dst + 4, dst, n));
    compare("addBias", 1, (loops, dst, n) -> loops.addBias(in[0], in[1], dst, 3, n / 3));
  }

  @Test
  void sums() {
    compareSum("sum", (loops, n) -> loops.sum(in[0], n));
    compareSum("max", (loops, n) -> loops.max(in[0], n));
    compareSum("dot", (loops, n) -> loops.dot(in[0], in[1], n));
    compareSum("sumOfSquares", (loops, n) -> loops.sumOfSquares(in[0], n));
    compareSum("sumSquaredDiff", (loops, n) -> loops.sumSquaredDiff(in[0], 0.3f, n));
    compareSum("logSumExpRow", (loops, n) -> loops.logSumExpRow(in[0], loops.max(in[0], n), n));
  }

  @Test
  void rows() {
    compare("softmax", 5, (loops, dst, n) -> loops.softmaxRow(in[0], dst, n));
    compare("softmax in place", 5, inPlace((loops, dst, n) -> loops.softmaxRow(dst, dst, n)));
    compare("logSoftmax", 5, (loops, dst, n) -> loops.logSoftmaxRow(in[0], dst, n));
    compare("logSoftmax in place", 5, inPlace((loops, dst, n) -> loops.logSoftmaxRow(dst, dst, n)));
    compare("softmaxGrad", 1, (loops, dst, n) -> loops.softmaxGradRow(in[0], in[1], dst, n));
    compare(
        "softmaxGrad in place",
        1,
        inPlace((loops, dst, n) -> loops.softmaxGradRow(in[1], dst, dst, n)));
    compare("gelu", 3, (loops, dst, n) -> loops.gelu(in[0], dst, n));
    compare("gelu in place", 3, inPlace((loops, dst, n) -> loops.gelu(dst, dst, n)));
    compare("geluGrad", 3, (loops, dst, n) -> loops.geluGrad(in[0], in[1], dst, n));
    compare("geluGrad in place", 3, inPlace((loops, dst, n) -> loops.geluGrad(in[1], dst, dst, n)));
  }

  @Test
  void norms() {
    for (int weights = 0; weights < 4; weights++) {
      boolean weighted = (weights & 1) != 0;
      boolean biased = (weights & 2) != 0;
      compare(
          "layerNorm",
          2,
          (loops, dst, n) ->
              loops.layerNormRow(in[0], weighted ? in[1] : 0, biased ? in[2] : 0, dst, n, 1e-5f));
      compare(
          "layerNormGrad",
          2,
          inPlace(
              (loops, dst, n) ->
                  loops.layerNormGradRow(in[2], weighted ? in[1] : 0, dst, dst, n, 1e-5f)));
      compare(
          "rmsNorm",
          2,
          inPlace((loops, dst, n) -> loops.rmsNormRow(dst, weighted ? in[1] : 0, dst, n, 1e-5f)));
      compare(
          "rmsNormGrad",
          2,
          (loops, dst, n) ->
              loops.rmsNormGradRow(in[0], weighted ? in[1] : 0, in[2], dst, n, 1e-5f));
    }
  }
}
