package dev.peft4j.backend.tornado.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.backend.Strides;
import dev.peft4j.backend.tornado.kernel.OnDevice;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Scalar;
import dev.peft4j.graph.Scalar.Fn1;
import dev.peft4j.graph.Scalar.Fn2;
import dev.peft4j.graph.ScalarFunctions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Generated kernels on the device against the definition of scalar expressions. */
class FusedKernelsTest {
  private static final float INF = Float.POSITIVE_INFINITY;
  private static final float[] SPECIAL = {
    0f, -0f, 1f, -1f, 0.5f, -0.5f, 2f, -2.5f, 3f, 7.25f, 0.1f, 1e-8f, -30f, 80f, Float.NaN, INF,
    -INF
  };
  private static final Scalar A = Scalar.input(0);
  private static final Scalar B = Scalar.input(1);
  private static final Scalar C = Scalar.input(2);

  @ParameterizedTest
  @EnumSource
  void functionOfOneArgument(Fn1 fn) {
    overSpecialNumbers(A.fn(fn));
  }

  @ParameterizedTest
  @EnumSource
  void functionOfTwoArguments(Fn2 fn) {
    overSpecialNumbers(A.binary(fn, B));
  }

  @ParameterizedTest
  @EnumSource
  void selectionByAnotherFunction(Fn2 fn) {
    overSpecialNumbers(Scalar.select(A.binary(fn, B), B.mul(C), A.add(1)));
  }

  @Test
  void selection() {
    overSpecialNumbers(Scalar.select(C, A, B));
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, INF, Float.NEGATIVE_INFINITY, -0f, 0f, Float.MIN_VALUE, 1 / 3f})
  void constants(float value) {
    Scalar c = new Scalar.Const(value);
    overSpecialNumbers(c);
    overSpecialNumbers(Scalar.select(C, c, B));
    overSpecialNumbers(A.binary(Fn2.MAX, c).add(B));
  }

  @Test
  void saturatedFunctionsAreExact() {
    FloatArray x = OnDevice.array(INF, -INF, 20, -20);
    assertThat(run(A.fn(Fn1.TANH), x)).containsExactly(1, -1, 1, -1);
    assertThat(run(A.fn(Fn1.ERF), x)).containsExactly(1, -1, 1, -1);
    assertThat(run(A.fn(Fn1.SIGMOID), OnDevice.array(INF, -INF, 100))).containsExactly(1, 0, 1);
  }

  private static float[] run(Scalar e, FloatArray x) {
    FloatArray out = new FloatArray(x.getSize());
    Shape shape = Shape.of(x.getSize());
    OnDevice.run(List.of(FusedKernels.call(e, out, shape, List.of(x), List.of(shape))), out);
    return out.toHeapArray();
  }

  /** NaN and infinity in every place of expressions that were fused from several. */
  @Test
  void randomExpressions() {
    for (int seed = 0; seed < 12; seed++) {
      overSpecialNumbers(expression(new Random(seed), 4));
    }
  }

  @Test
  void broadcastForms() {
    int[][][] cases = {
      {{1}, {1}, {}},
      {{7}, {7}, {1}},
      {{5, 3}, {3}, {5, 1}},
      {{3, 64}, {64}, {3, 1}},
      {{2, 3, 5}, {3, 1}, {2, 1, 5}},
      {{2, 3, 101}, {3, 1}, {2, 1, 101}},
      {{2, 3, 4, 33}, {1, 3, 1, 33}, {2, 1, 4, 1}},
      {{3, 1, 2, 1, 2}, {1, 1, 2, 1, 1}, {3, 1, 1, 1, 2}},
      {{1009}, {1009}, {}},
      {{257, 1031}, {257, 1031}, {1031}},
    };
    Scalar e = A.mul(B).sub(C);
    for (int[][] c : cases) {
      Shape shape = Shape.of(c[0]);
      List<Shape> shapes = List.of(shape, Shape.of(c[1]), Shape.of(c[2]));
      Random random = new Random(1);
      List<FloatArray> in = shapes.stream().map(s -> OnDevice.normal(random, s.size())).toList();
      FloatArray out = new FloatArray(shape.size() + 3);
      out.init(-7);
      OnDevice.run(List.of(FusedKernels.call(e, out, shape, in, shapes)), out);
      Strides loops = Strides.broadcast(shape, shapes.toArray(new Shape[0]));
      for (int i = 0; i < shape.size(); i++) {
        float[] x = new float[3];
        for (int k = 0; k < 3; k++) {
          int column = i % loops.inner() * loops.innerStep(k);
          x[k] = in.get(k).get(loops.rowStart(k, i / loops.inner()) + column);
        }
        float expected = x[0] * x[1] - x[2];
        assertThat(out.get(i)).as("%s, element %s", shape, i).isCloseTo(expected, within(1e-6f));
      }
      for (int i = shape.size(); i < out.getSize(); i++) {
        assertThat(out.get(i)).as("beyond the last element").isEqualTo(-7);
      }
    }
  }

  @Test
  void theResultMayReplaceAnInput() {
    FloatArray x = OnDevice.normal(new Random(3), 1000);
    float[] before = x.toHeapArray();
    Shape shape = Shape.of(1000);
    OnDevice.run(List.of(FusedKernels.call(A.mul(A), x, shape, List.of(x), List.of(shape))), x);
    for (int i = 0; i < before.length; i++) {
      assertThat(x.get(i)).isEqualTo(before[i] * before[i]);
    }
  }

  @Test
  void oneBufferMayBeSeveralInputs() {
    FloatArray x = OnDevice.normal(new Random(3), 12);
    FloatArray out = new FloatArray(12);
    List<Shape> shapes = List.of(Shape.of(4, 3), Shape.of(4, 1), Shape.of(3));
    OnDevice.run(
        List.of(FusedKernels.call(A.mul(B).add(C), out, Shape.of(4, 3), List.of(x, x, x), shapes)),
        out);
    for (int i = 0; i < 12; i++) {
      float expected = x.get(i) * x.get(i / 3) + x.get(i % 3);
      assertThat(out.get(i)).isCloseTo(expected, within(1e-6f));
    }
  }

  @Test
  void asManyInputsAsFusionJoins() {
    Scalar sum = A;
    for (int i = 1; i < 12; i++) {
      sum = sum.add(Scalar.input(i));
    }
    Shape shape = Shape.of(2, 3, 50);
    List<Shape> shapes = new ArrayList<>();
    List<FloatArray> in = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      shapes.add(i % 3 == 0 ? shape : i % 3 == 1 ? Shape.of(3, 1) : Shape.of(2, 1, 50));
      in.add(OnDevice.array(new float[shapes.get(i).size()]));
      in.get(i).init(1 << i);
    }
    FloatArray out = new FloatArray(shape.size());
    OnDevice.run(List.of(FusedKernels.call(sum, out, shape, in, shapes)), out);
    assertThat(out.toHeapArray()).containsOnly(4095);
  }

  @Test
  void equalExpressionsShareOneKernelWhateverTheirSizes() {
    FloatArray x = new FloatArray(10);
    Scalar e = A.mul(3);
    Object small = FusedKernels.call(e, x, Shape.of(4), List.of(x), List.of(Shape.of(4))).code();
    Object large =
        FusedKernels.call(e, x, Shape.of(2, 5), List.of(x), List.of(Shape.of(2, 5))).code();
    assertThat(large).isSameAs(small);
  }

  private static org.assertj.core.data.Offset<Float> within(float offset) {
    return org.assertj.core.data.Offset.offset(offset);
  }

  private static void overSpecialNumbers(Scalar e) {
    int n = SPECIAL.length;
    FloatArray a = new FloatArray(n * n);
    FloatArray b = new FloatArray(n * n);
    FloatArray c = new FloatArray(n * n);
    for (int i = 0; i < n * n; i++) {
      a.set(i, SPECIAL[i / n]);
      b.set(i, SPECIAL[i % n]);
      c.set(i, SPECIAL[(i * 7 + i / n * 5) % n]);
    }
    Shape shape = Shape.of(n * n);
    FloatArray out = new FloatArray(n * n);
    OnDevice.run(
        List.of(FusedKernels.call(e, out, shape, List.of(a, b, c), List.of(shape, shape, shape))),
        out);
    for (int i = 0; i < n * n; i++) {
      float[] x = {a.get(i), b.get(i), c.get(i)};
      float expected = value(e, x);
      assertThat(same(out.get(i), expected))
          .as("%s of %s, %s, %s: %s, expected %s", e, x[0], x[1], x[2], out.get(i), expected)
          .isTrue();
    }
  }

  /** Equal up to rounding and to numbers that the device flushes to zero. */
  private static boolean same(float actual, float expected) {
    return actual == expected
        || Float.isNaN(actual) && Float.isNaN(expected)
        || Math.abs(actual - expected) <= 2e-6f * Math.abs(expected) + 1e-37f;
  }

  private static float value(Scalar s, float[] x) {
    return switch (s) {
      case Scalar.Input i -> x[i.index()];
      case Scalar.Const c -> c.value();
      case Scalar.Unary u -> ScalarFunctions.apply(u.fn(), value(u.x(), x));
      case Scalar.Binary b -> ScalarFunctions.apply(b.fn(), value(b.a(), x), value(b.b(), x));
      case Scalar.Select c -> value(c.condition(), x) != 0 ? value(c.a(), x) : value(c.b(), x);
    };
  }

  /** No functions that make large errors of small ones: those are compared alone. */
  private static Scalar expression(Random r, int depth) {
    if (depth == 0 || r.nextInt(8) == 0) {
      return r.nextInt(4) == 0
          ? new Scalar.Const(SPECIAL[r.nextInt(SPECIAL.length)])
          : Scalar.input(r.nextInt(3));
    }
    return switch (r.nextInt(10)) {
      case 0, 1 -> {
        Fn1[] fns = {Fn1.NEG, Fn1.ABS, Fn1.SIGN, Fn1.SQRT, Fn1.RECIP};
        yield expression(r, depth - 1).fn(fns[r.nextInt(fns.length)]);
      }
      case 2, 3 -> Scalar.select(expression(r, 1), expression(r, depth - 1), expression(r, 2));
      default -> {
        Fn2[] fns = {Fn2.MUL, Fn2.DIV, Fn2.MAX, Fn2.MIN, Fn2.GT, Fn2.GE, Fn2.EQ, Fn2.POW};
        int choice = r.nextInt(fns.length);
        Scalar right = fns[choice] == Fn2.POW ? Scalar.of(r.nextInt(4)) : expression(r, depth - 1);
        yield expression(r, depth - 1).binary(fns[choice], right);
      }
    };
  }
}
