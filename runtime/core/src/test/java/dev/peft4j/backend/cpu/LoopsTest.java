package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.data.Encodings;
import dev.peft4j.data.Storage;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each loop of each implementation against double precision. */
class LoopsTest {
  private static final int[] LENGTHS = {0, 1, 5, 15, 16, 17, 31, 48, 100, 1000};
  private static final float NAN = Float.NaN;
  private static final float INF = Float.POSITIVE_INFINITY;

  private final Floats memory = new Floats();
  private final Random random = new Random(3);

  static Stream<Loops> all() {
    return Stream.of(new ScalarLoops(), new VectorLoops(0), Loops.best());
  }

  @AfterEach
  void free() {
    memory.close();
  }

  private interface Expected {
    double at(int i);
  }

  private void check(long address, int n, double tolerance, Expected expected) {
    for (int i = 0; i < n; i++) {
      double want = expected.at(i);
      double got = Memory.get(address + 4L * i);
      if (Double.isFinite(want)) {
        assertThat(got)
            .as("element %d of %d", i, n)
            .isCloseTo(want, within(tolerance * Math.max(1, Math.abs(want))));
      } else {
        assertThat(got).as("element %d of %d", i, n).isEqualTo(Double.valueOf(want));
      }
    }
    assertThat(Memory.get(address + 4L * n)).as("the float after element %d", n).isEqualTo(77f);
  }

  /** Room for n results, a guard behind them. */
  private long results(int n) {
    long address = memory.room(n + 1, 3);
    Memory.set(address + 4L * n, 77f);
    return address;
  }

  private static float[] apply(Loops loops, Floats memory, int op, float[] a, float[] b) {
    long dst = memory.room(a.length, 0);
    loops.binary(op, memory.of(a), memory.of(b), dst, a.length);
    return Floats.read(dst, a.length);
  }

  @ParameterizedTest
  @MethodSource("all")
  void functionsOfTwo(Loops loops) {
    float[] a = {1, -2, 3, 0.5f, -0f, 0, INF, NAN, 1, 7, 7, 7, 7, 7, 7, 7, 2};
    float[] b = {4, -2, -1, 2, 0, -0f, 1, 1, NAN, 7, 7, 7, 7, 7, 7, 7, 3};
    assertThat(apply(loops, memory, Loops.ADD, a, b))
        .startsWith(5, -4, 2, 2.5f, 0, 0, INF, NAN, NAN)
        .endsWith(14, 5);
    assertThat(apply(loops, memory, Loops.SUB, a, b))
        .startsWith(-3, 0, 4, -1.5f, -0f, 0, INF, NAN, NAN)
        .endsWith(0, -1);
    assertThat(apply(loops, memory, Loops.MUL, a, b))
        .startsWith(4, 4, -3, 1, -0f, -0f, INF, NAN, NAN)
        .endsWith(49, 6);
    assertThat(apply(loops, memory, Loops.DIV, a, b))
        .startsWith(0.25f, 1, -3, 0.25f, NAN, NAN, INF, NAN, NAN);
    assertThat(apply(loops, memory, Loops.MAX, a, b))
        .startsWith(4, -2, 3, 2, 0, 0, INF, NAN, NAN)
        .endsWith(7, 3);
    assertThat(apply(loops, memory, Loops.MIN, a, b))
        .startsWith(1, -2, -1, 0.5f, -0f, -0f, 1, NAN, NAN)
        .endsWith(7, 2);
    assertThat(apply(loops, memory, Loops.POW, a, b))
        .startsWith(1, 0.25f, 1 / 3f, 0.25f, 1, 1, INF, NAN, NAN);
    assertThat(apply(loops, memory, Loops.GT, a, b))
        .startsWith(0, 0, 1, 0, 0, 0, 1, 0, 0)
        .endsWith(0, 0);
    assertThat(apply(loops, memory, Loops.GE, a, b))
        .startsWith(0, 1, 1, 0, 1, 1, 1, 0, 0)
        .endsWith(1, 0);
    assertThat(apply(loops, memory, Loops.EQ, a, b))
        .startsWith(0, 1, 0, 0, 1, 1, 0, 0, 0)
        .endsWith(1, 0);
    assertThat(apply(loops, memory, Loops.LT, a, b))
        .startsWith(1, 0, 0, 1, 0, 0, 0, 0, 0)
        .endsWith(0, 1);
    assertThat(apply(loops, memory, Loops.LE, a, b))
        .startsWith(1, 1, 0, 1, 1, 1, 0, 0, 0)
        .endsWith(1, 1);
    assertThat(apply(loops, memory, Loops.NE, a, b))
        .startsWith(1, 0, 1, 1, 0, 0, 1, 1, 1)
        .endsWith(0, 1);
  }

  @ParameterizedTest
  @MethodSource("all")
  void withAConstant(Loops loops) {
    for (int n : LENGTHS) {
      float[] x = Floats.random(random, n, 2);
      long a = memory.of(x);
      long dst = results(n);
      for (int op = Loops.ADD; op <= Loops.NE; op++) {
        int f = op;
        loops.binaryConst(op, a, 1.5f, dst, n);
        check(dst, n, 0, i -> FastMath.binary(f, x[i], 1.5f));
        loops.constBinary(op, 1.5f, a, dst, n);
        check(dst, n, 0, i -> FastMath.binary(f, 1.5f, x[i]));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void combinations(Loops loops) {
    for (int n : LENGTHS) {
      float[] x = Floats.random(random, n, 2);
      float[] y = Floats.random(random, n, 2);
      float[] z = Floats.random(random, n, 2);
      for (int i = 0; i < n; i += 3) {
        z[i] = i % 2 == 0 ? 0f : -0f;
      }
      if (n > 16) {
        z[16] = NAN;
      }
      long a = memory.of(x);
      long b = memory.of(y);
      long c = memory.of(z);
      long dst = results(n);
      loops.select(c, a, b, dst, n);
      check(dst, n, 0, i -> z[i] != 0 ? x[i] : y[i]);
      loops.mulAdd(a, b, a, dst, n);
      check(dst, n, 1e-6, i -> (double) x[i] * y[i] + x[i]);
      loops.fill(2.5f, dst, n);
      check(dst, n, 0, i -> 2.5f);
      loops.copy(a, dst, n);
      check(dst, n, 0, i -> x[i]);
      loops.axpy(-2f, b, dst, n);
      check(dst, n, 1e-6, i -> x[i] - 2.0 * y[i]);
      loops.scale(0.5f, b, dst, n);
      check(dst, n, 0, i -> 0.5 * y[i]);
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void sums(Loops loops) {
    for (int n : LENGTHS) {
      float[] x = Floats.random(random, n, 1);
      float[] y = Floats.random(random, n, 1);
      long a = memory.at(1, x);
      long b = memory.at(2, y);
      double sum = 0;
      double dot = 0;
      double squares = 0;
      double diff = 0;
      double max = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < n; i++) {
        sum += x[i];
        dot += (double) x[i] * y[i];
        squares += (double) x[i] * x[i];
        diff += (x[i] - 0.25) * (x[i] - 0.25);
        max = Math.max(max, x[i]);
      }
      double tolerance = 1e-6 * (n + 1);
      assertThat((double) loops.sum(a, n)).isCloseTo(sum, within(tolerance));
      assertThat((double) loops.dot(a, b, n)).isCloseTo(dot, within(tolerance));
      assertThat((double) loops.sumOfSquares(a, n)).isCloseTo(squares, within(tolerance));
      assertThat((double) loops.sumSquaredDiff(a, 0.25f, n)).isCloseTo(diff, within(tolerance));
      assertThat((double) loops.max(a, n)).isEqualTo(max);
      for (int bad = 0; bad < n; bad += 7) {
        Memory.set(a + 4L * bad, NAN);
        assertThat(loops.max(a, n)).isNaN();
        assertThat(loops.sum(a, n)).isNaN();
        Memory.set(a + 4L * bad, 1000 + bad);
        assertThat(loops.max(a, n)).isEqualTo(1000 + bad);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void softmax(Loops loops) {
    for (int n : LENGTHS) {
      for (float shift : new float[] {0, 500, -500}) {
        float[] x = Floats.random(random, n, 4);
        float[] d = Floats.random(random, n, 1);
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
          x[i] = i % 7 == 3 ? -INF : x[i] + shift;
          max = Math.max(max, x[i]);
        }
        double total = 0;
        for (float v : x) {
          total += Math.exp(v - max);
        }
        double most = max;
        double sum = total;
        long src = memory.of(x);
        long dst = results(n);
        loops.softmaxRow(src, dst, n);
        check(dst, n, 1e-6, i -> Math.exp(x[i] - most) / sum);
        float[] y = Floats.read(dst, n);
        double inner = 0;
        for (int i = 0; i < n; i++) {
          inner += (double) y[i] * d[i];
        }
        double s = inner;
        loops.softmaxGradRow(dst, memory.of(d), dst, n);
        check(dst, n, 1e-6, i -> y[i] * (d[i] - s));
        if (n > 0) {
          assertThat((double) loops.logSumExpRow(src, (float) most, n))
              .isCloseTo(Math.log(sum), within(1e-6));
        }
        loops.logSoftmaxRow(src, dst, n);
        check(dst, n, 1e-6, i -> Double.isInfinite(x[i]) ? -INF : x[i] - most - Math.log(sum));
      }
    }
    assertThat(loops.logSumExpRow(memory.of(-INF, -INF), -INF, 2)).isNaN();
    assertThat(loops.logSumExpRow(memory.of(-INF, INF), INF, 2)).isNaN();
    assertThat(loops.logSumExpRow(memory.of(1e30f, 1e30f, -INF), 1e30f, 3))
        .isEqualTo((float) Math.log(2));
    assertThat(loops.logSumExpRow(0, 0f, 0)).isEqualTo(-INF);
  }

  @ParameterizedTest
  @MethodSource("all")
  void norms(Loops loops) {
    for (int n : LENGTHS) {
      float[] x = Floats.random(random, n, 3);
      float[] w = Floats.random(random, n, 1);
      float[] b = Floats.random(random, n, 1);
      float[] d = Floats.random(random, n, 1);
      long dst = results(n);
      for (boolean weighted : new boolean[] {true, false}) {
        for (boolean centered : new boolean[] {true, false}) {
          double mean = 0;
          double square = 0;
          double dg = 0;
          double dxg = 0;
          for (int i = 0; i < n && centered; i++) {
            mean += x[i] / (double) n;
          }
          for (float v : x) {
            square += (v - mean) * (v - mean) / n;
          }
          double m = mean;
          double r = 1 / Math.sqrt(square + 1e-5);
          for (int i = 0; i < n; i++) {
            double g = weighted ? d[i] * (double) w[i] : d[i];
            dg += centered ? g / n : 0;
            dxg += g * (x[i] - m) * r / n;
          }
          double meanG = dg;
          double meanXg = dxg;
          long wa = weighted ? memory.of(w) : 0;
          long ba = weighted && centered ? memory.of(b) : 0;
          if (centered) {
            loops.layerNormRow(memory.of(x), wa, ba, dst, n, 1e-5f);
          } else {
            loops.rmsNormRow(memory.of(x), wa, dst, n, 1e-5f);
          }
          check(dst, n, 3e-6, i -> (x[i] - m) * r * (weighted ? w[i] : 1) + (ba != 0 ? b[i] : 0));
          if (centered) {
            loops.layerNormGradRow(memory.of(x), wa, memory.of(d), dst, n, 1e-5f);
          } else {
            loops.rmsNormGradRow(memory.of(x), wa, memory.of(d), dst, n, 1e-5f);
          }
          // One element alone is normalised to about 0 and its gradient cancels: rounding of r is
          // all there is.
          check(
              dst,
              n,
              n == 1 ? 1e-3 : 1e-5,
              i -> r * ((weighted ? d[i] * w[i] : d[i]) - meanG - (x[i] - m) * r * meanXg));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void geluAndBias(Loops loops) {
    for (int n : LENGTHS) {
      float[] x = Floats.random(random, n, 3);
      float[] d = Floats.random(random, n, 1);
      long a = memory.at(1, x);
      long dst = results(n);
      loops.gelu(a, dst, n);
      check(dst, n, 1e-6, i -> x[i] * 0.5 * (1 + AccuracyTest.exactErf(x[i] / Math.sqrt(2))));
      loops.geluGrad(a, memory.of(d), dst, n);
      check(
          dst,
          n,
          1e-6,
          i ->
              d[i]
                  * (0.5 * (1 + AccuracyTest.exactErf(x[i] / Math.sqrt(2)))
                      + x[i] * Math.exp(-0.5 * x[i] * x[i]) / Math.sqrt(2 * Math.PI)));
      float[] rows = Floats.random(random, 3 * n, 1);
      long sum = results(3 * n);
      loops.addBias(memory.of(rows), a, sum, 3, n);
      check(sum, 3 * n, 0, i -> rows[i] + x[i % n]);
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void unknownOpcodes(Loops loops) {
    long a = memory.of(new float[40]);
    assertThatThrownBy(() -> loops.unary(Loops.ADD, a, a, 40))
        .hasMessage("opcode 0 is not a function of one element");
    assertThatThrownBy(() -> loops.binary(Loops.EXP, a, a, a, 40))
        .hasMessage("opcode 22 is not a function of two elements");
    assertThatThrownBy(() -> loops.binaryConst(99, a, 1f, a, 40))
        .hasMessage("opcode 99 is not a function of two elements");
    assertThatThrownBy(() -> loops.constBinary(-1, 1f, a, a, 40))
        .hasMessage("opcode -1 is not a function of two elements");
  }

  @ParameterizedTest
  @MethodSource("all")
  void rotations(Loops loops) {
    for (int half : new int[] {1, 5, 16, 32, 48}) {
      float[] x = Floats.random(random, 2 * half, 2);
      float[] t = Floats.random(random, 2 * half, 1);
      for (boolean back : new boolean[] {false, true}) {
        long y = results(2 * half);
        loops.rotate(memory.of(x), memory.of(t), y, half, back);
        int n = half;
        check(
            y,
            2 * n,
            1e-6,
            i -> {
              double c = t[i % n];
              double s = back ? -t[n + i % n] : t[n + i % n];
              return i < n ? x[i] * c - x[n + i] * s : x[i] * c + x[i - n] * s;
            });
        long place = memory.of(x);
        loops.rotate(place, memory.of(t), place, half, back);
        assertThat(Floats.read(place, 2 * half)).isEqualTo(Floats.read(y, 2 * half));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void productsOfRowsWithOne(Loops loops) {
    for (int n : new int[] {3, 16, 31, 64, 576}) {
      for (int rows : new int[] {1, 2, 4, 7, 9}) {
        float[] x = Floats.random(random, rows * n, 2);
        Storage w = Storage.of(Floats.random(random, n, 2)).copyAs(Encodings.BFLOAT16);
        float[] decoded = new float[n];
        for (int i = 0; i < n; i++) {
          decoded[i] = w.floatAt(i);
        }
        long plain = results(rows);
        loops.dots(memory.of(x), 4L * n, rows, memory.of(decoded), plain, 4, n);
        check(
            plain,
            rows,
            1e-5,
            r -> {
              double sum = 0;
              for (int i = 0; i < n; i++) {
                sum += (double) x[r * n + i] * decoded[i];
              }
              return sum;
            });
        long coded = results(rows);
        long room = memory.room(n, 0);
        loops.dots(Encodings.BFLOAT16, memory.of(x), 4L * n, rows, w.address(), room, coded, 4, n);
        assertThat(Floats.read(coded, rows)).isEqualTo(Floats.read(plain, rows));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void productsOfRowsWithSeveralAreThoseWithEachBitForBit(Loops loops) {
    for (int n : new int[] {3, 16, 31, 64, 576}) {
      for (int rows : new int[] {1, 3, 4, 6, 8, 9}) {
        for (int count : new int[] {1, 2, 5, 8, 17, 35}) {
          long x = memory.of(Floats.random(random, rows * n, 2));
          long w = memory.of(Floats.random(random, count * n, 2));
          float[] each = new float[rows * count];
          for (int r = 0; r < rows; r++) {
            for (int j = 0; j < count; j++) {
              each[r * count + j] = loops.dot(x + 4L * r * n, w + 4L * j * n, n);
            }
          }
          long y = results(rows * count);
          loops.dots(x, 4L * n, rows, w, 4L * n, count, y, 4L * count, n);
          assertThat(Floats.read(y, rows * count)).isEqualTo(each);
        }
      }
    }
  }
}
