package dev.peft4j.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.backend.cases.Compare;
import dev.peft4j.data.DType;
import dev.peft4j.data.Halves;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Variable;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Layer;
import dev.peft4j.nn.LayerNorm;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.function.Supplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Frozen weights of 16 bits: the numbers of float32 weights that hold the same values. */
abstract class HalfWeightContract extends EmptyContract {
  /** Sizes of linear layers and numbers of rows, below and above what kernels have blocks for. */
  private static final int[][] PRODUCTS = {{1, 1, 1}, {3, 5, 2}, {33, 17, 20}, {48, 80, 70}};

  @ParameterizedTest
  @EnumSource(names = {"FLOAT16", "BFLOAT16"})
  void everyNumberIsWidenedExactly(DType type) {
    int n = 1 << 16;
    Storage all = Storage.allocate(type, n);
    for (int i = 0; i < n; i++) {
      all.segment().set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, (short) i);
    }
    Variable weight = new Variable("w", all, Shape.of(n), false);
    float[] expected = new float[n];
    for (int i = 0; i < n; i++) {
      expected[i] = Halves.toFloat(type, (short) i);
    }
    assertThat(values(Tensor.of(weight.node()).toFloat())).isEqualTo(expected);
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT16", "BFLOAT16"})
  void layersComputeWhatTheyComputeWithTheSameNumbersInFloat32(DType type) {
    for (int[] p : PRODUCTS) {
      check(type, () -> new Linear(p[0], p[1]), normal(p[2], p[0]));
      check(type, () -> new Linear(p[0], p[1], false), normal(2, p[2], p[0]));
    }
    check(type, () -> new Conv2d(3, 4, 3), normal(2, 3, 5, 6));
    check(type, () -> new LayerNorm(19), normal(7, 19));
    check(type, () -> new Embedding(50, 7), Tensor.of(new int[] {3, 49, 0, 3, 17, 1}));
  }

  private <M extends Module & Layer> void check(DType type, Supplier<M> maker, Tensor input) {
    M half = Rng.with(5, maker);
    half.to(type);
    M single = Rng.with(5, maker);
    single.to(type).to(DType.FLOAT32);
    single.freeze();
    Variable x = new Variable("x", input.storage().copy(), input.shape(), true);
    Tensor a = half.forward(Tensor.of(x.node()));
    Tensor b = single.forward(Tensor.of(x.node()));
    String what = half.getClass().getSimpleName() + " of " + type;
    Compare.close(what, values(a), Compare.doubles(values(b)), 1e-6);
    if (!input.dtype().isInteger()) {
      float[] upstream = normal(a.shape().toArray()).toFloats();
      double[] expected = Compare.doubles(gradient(b, x, upstream));
      x.clearGradient();
      Compare.close("gradient, " + what, gradient(a, x, upstream), expected, 1e-6);
    }
  }

  private static Tensor normal(int... shape) {
    Shape s = Shape.of(shape);
    return Tensor.of(Storage.of(new Rng(s.size()).normal(s.size(), 0, 1)), s);
  }
}
