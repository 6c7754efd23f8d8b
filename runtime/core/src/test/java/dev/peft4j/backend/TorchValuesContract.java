package dev.peft4j.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.backend.cases.Compare;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Variable;
import dev.peft4j.op.Unfold;
import dev.peft4j.op.Window;
import dev.peft4j.tensor.Tensor;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * A few numbers that torch 2.13 computed, so that formulas and oracle are not merely wrong in the
 * same way.
 */
abstract class TorchValuesContract extends SpecialNumberContract {
  private static final Window WINDOW = new Window(3, 2, 2, 1, 1, 2, 1, 2);

  @Test
  void activations() {
    float[] in = {-3, -1, -0.5f, 0, 0.25f, 2, 6};
    Variable x = variable(in);
    near(Tensor.of(x.node()).gelu(), -0.004050225, -0.1586553, -0.1542688, 0, 0.1496766, 1.9545, 6);
    near(
        Tensor.of(x.node()).geluTanh(),
        -0.003637433,
        -0.158808,
        -0.154286,
        0,
        0.1496754,
        1.954598,
        6);
    near(
        Tensor.of(x.node()).silu(),
        -0.1422776,
        -0.2689414,
        -0.1887703,
        0,
        0.1405441,
        1.761594,
        5.985165);
    slope(Tensor::gelu, in, -0.01194561, -0.08331543, 0.1325049, 0.5, 0.6953733, 1.085232, 1);
    slope(Tensor::geluTanh, in, -0.0115843, -0.08296409, 0.1326301, 0.5, 0.6953541, 1.086099, 1);
    slope(Tensor::silu, in, -0.08810411, 0.07232948, 0.2600388, 0.5, 0.62371, 1.090784, 1.012326);
  }

  @Test
  void convolution() {
    Tensor w = wave(Math::cos, 3, 2, 3, 2);
    Tensor y =
        wave(Math::sin, 2, 2, 4, 5).conv2d(w, Tensor.of(new float[] {.1f, .2f, .3f}), WINDOW);
    assertThat(y.shape()).isEqualTo(Shape.of(2, 3, 2, 7));
    near(
        y.slice(0, 1, 2).slice(1, 0, 1).reshape(14),
        -0.1149058,
        1.39298,
        0.1964236,
        0.1884797,
        0.09918808,
        1.67738,
        0.6784966,
        0.4524182,
        -1.108274,
        1.06216,
        -0.1585537,
        -1.141555,
        -2.67696,
        -0.6316459);
  }

  @Test
  void patches() {
    Tensor image = wave(Math::sin, 2, 2, 4, 5);
    Tensor u = Tensor.of(Node.of(new Unfold(WINDOW), image.node()));
    assertThat(u.shape()).isEqualTo(Shape.of(2, 12, 14));
    near(
        u.slice(0, 1, 2).slice(1, 4, 5).reshape(14),
        0,
        0,
        0.8509035,
        0.9017884,
        0.1235731,
        -0.7682546,
        -0.9537526,
        0,
        0,
        -0.9997551,
        -0.521551,
        0.4361648,
        0.9928727,
        0.636738);
  }

  @Test
  void attention() {
    Tensor q = wave(Math::sin, 1, 2, 3, 2);
    Tensor k = wave(Math::cos, 1, 2, 3, 2);
    Tensor v = wave(x -> Math.sin(2 * x), 1, 2, 3, 2);
    near(
        q.scaledDotProductAttention(k, v, null, true),
        0,
        0.9092974,
        -0.1942637,
        0.6041666,
        -0.1721287,
        -0.2364335,
        -0.5365729,
        0.9906074,
        -0.4815685,
        0.6053757,
        0.1209753,
        -0.295822);
    Tensor mask = Tensor.of(new float[] {0, -1, 2, 1, Float.NEGATIVE_INFINITY, 0, 0, 0, 0}, 3, 3);
    near(
        q.scaledDotProductAttention(k, v, mask, false),
        0.8227785,
        -0.3447753,
        0.1090124,
        0.7491635,
        -0.1721287,
        -0.2364335,
        0.7161552,
        0.08852462,
        -0.4242678,
        0.9131717,
        0.1209753,
        -0.295822);
  }

  @Test
  void norms() {
    Variable x = new Variable("x", wave(Math::sin, 2, 4).storage(), Shape.of(2, 4), true);
    Variable w = variable(1, 2, 3, 4);
    Tensor bias = Tensor.of(new float[] {.5f, 0, -.5f, 1});
    Tensor y = Tensor.of(x.node()).layerNorm(Tensor.of(w.node()), bias, 1e-5f);
    near(y, -0.6643419, 1.814309, 2.722379, -2.267755, -0.1773873, -2.003255, -0.234716, 7.362347);
    gradient(y, x, 0, 1, 2, 3, 4, 5, 6, 7);
    near(
        Tensor.of(x.gradient()),
        -13.41532,
        -6.523144,
        3.482563,
        16.45591,
        -8.571823,
        5.39673,
        3.627977,
        -0.4528866);
    near(Tensor.of(w.gradient()), -2.709549, -4.100983, 2.678821, 8.68329);
    x.clearGradient();
    w.clearGradient();
    y = Tensor.of(x.node()).rmsNorm(Tensor.of(w.node()), 1e-6f);
    near(y, 0, 2.699354, 4.375401, 0.9053975, -1.069747, -2.710896, -1.184869, 3.714626);
    gradient(y, x, 0, 1, 2, 3, 4, 5, 6, 7);
    near(
        Tensor.of(x.gradient()),
        0,
        -4.45898,
        1.338834,
        17.96161,
        6.054627,
        14.64267,
        25.59106,
        39.23049);
    near(Tensor.of(w.gradient()), -4.278988, -5.427563, 0.5471969, 7.179643);
  }

  @Test
  void crossEntropy() {
    Variable x = new Variable("x", wave(Math::sin, 2, 4).storage(), Shape.of(2, 4), true);
    Tensor loss = Tensor.of(x.node()).crossEntropy(Tensor.of(new int[] {3, 1}));
    near(loss, 2.010288);
    gradient(loss, x, 1);
    near(
        Tensor.of(x.gradient()),
        0.07190192,
        0.1667964,
        0.1785021,
        -0.4172004,
        0.06630987,
        -0.4458252,
        0.106882,
        0.2726333);
    x.clearGradient();
    loss = Tensor.of(x.node()).crossEntropy(Tensor.of(new int[] {3, -100}));
    near(loss, 1.798185);
    gradient(loss, x, 1);
    near(Tensor.of(x.gradient()), 0.1438038, 0.3335928, 0.3570042, -0.8344008, 0, 0, 0, 0);
  }

  private interface Function {
    Tensor apply(Tensor x);
  }

  private void slope(Function f, float[] in, double... expected) {
    Variable x = variable(in);
    f.apply(Tensor.of(x.node())).sum().backward();
    near(Tensor.of(x.gradient()), expected);
  }

  private void near(Tensor actual, double... expected) {
    Compare.close("torch", values(actual), expected, 2e-6, 1e-6);
  }

  /** f(0), f(1), … in a shape. */
  private static Tensor wave(DoubleUnaryOperator f, int... shape) {
    Shape s = Shape.of(shape);
    float[] v = new float[s.size()];
    for (int i = 0; i < v.length; i++) {
      v[i] = (float) f.applyAsDouble(i);
    }
    return Tensor.of(Storage.of(v), s);
  }
}
