package dev.peft4j.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.backend.cases.Compare;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.RandomCodes;
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
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What every backend does with frozen weights in every encoding that is found: it computes what it
 * computes with float32 weights of the same numbers.
 */
abstract class EncodingContract extends EmptyContract {
  /** Blocks of inputs, outputs and rows of linear layers, around what kernels have blocks for. */
  private static final int[][] PRODUCTS = {
    {1, 1, 1}, {3, 5, 2}, {2, 33, 3}, {33, 17, 20}, {5, 130, 17}, {48, 80, 70}
  };

  /** Values of a row at most, so that the reference is done soon. */
  private static final int MAX_ROW = 320;

  /** How many of the sizes of linear layers are run; fewer where compiling one takes seconds. */
  int linearLayers() {
    return PRODUCTS.length;
  }

  /** Encodings of floating-point numbers other than float32 itself. */
  static List<Encoding> coded() {
    return RandomCodes.encodings().stream()
        .filter(e -> !e.isPlain() && !e.dtype().isInteger())
        .toList();
  }

  static List<Encoding> coded16Bits() {
    return coded().stream().filter(e -> e.blockValues() == 1 && e.blockBytes() == 2).toList();
  }

  @ParameterizedTest
  @MethodSource("coded16Bits")
  void every16BitNumberIsDecodedExactly(Encoding encoding) {
    int n = 1 << 16;
    Storage all = Storage.allocate(encoding, n);
    for (int i = 0; i < n; i++) {
      all.segment().set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, (short) i);
    }
    Variable weight = new Variable("w", all, Shape.of(n), false);
    assertThat(values(Tensor.of(weight.node()).toFloat())).isEqualTo(all.toFloats());
  }

  @ParameterizedTest
  @MethodSource("coded")
  void aWeightIsDecodedAsTheEncodingSays(Encoding encoding) {
    for (int blocks : new int[] {1, 2, 7, 300}) {
      int n = blocks * encoding.blockValues() - (encoding.crossesRows() ? 5 : 0);
      Storage codes = RandomCodes.of(encoding, 3 * n);
      Variable weight = new Variable("w", codes, Shape.of(3, n), false);
      Tensor w = Tensor.of(weight.node());
      assertThat(values(w.toFloat())).isEqualTo(codes.toFloats());
      assertThat(values(w.toFloat().add(1))).isEqualTo(plusOne(codes.toFloats()));
      assertThat(values(Tensor.of(codes, Shape.of(3, n)).toFloat())).isEqualTo(codes.toFloats());
    }
  }

  private static float[] plusOne(float[] x) {
    for (int i = 0; i < x.length; i++) {
      x[i] += 1;
    }
    return x;
  }

  @ParameterizedTest
  @MethodSource("coded")
  void layersComputeWhatTheyComputeWithTheSameNumbersInFloat32(Encoding encoding) {
    int block = encoding.blockValues();
    for (int[] p :
        Arrays.copyOfRange(PRODUCTS, PRODUCTS.length - linearLayers(), PRODUCTS.length)) {
      int n = Math.min(p[0] * block, MAX_ROW / block * block);
      check(encoding, () -> new Linear(n, p[1]), normal(p[2], n));
      check(encoding, () -> new Linear(n, p[1], false), normal(2, p[2], n));
    }
    check(encoding, () -> new Conv2d(3, 4, 3), normal(2, 3, 5, 6));
    check(encoding, () -> new LayerNorm(19), normal(7, 19));
    Tensor ids = Tensor.of(new int[] {3, 49, 0, 3, 17, 1});
    check(encoding, () -> new Embedding(50, 7 * block), ids);
  }

  /** A product of the frozen weight by other ways than a layer takes. */
  @ParameterizedTest
  @MethodSource("coded")
  void aCodedWeightMayStandAnywhere(Encoding encoding) {
    int n = 2 * encoding.blockValues() - (encoding.crossesRows() ? 3 : 0);
    Storage codes = RandomCodes.of(encoding, 24 * n);
    Tensor w = Tensor.of(new Variable("w", codes, Shape.of(24, n), false).node()).toFloat();
    Tensor f = Tensor.of(codes.copyAs(Encodings.FLOAT32), Shape.of(24, n));
    same(normal(20, 24).matmul(w), normal(20, 24).matmul(f));
    same(w.matmul(normal(n, 20)), f.matmul(normal(n, 20)));
    same(w.transpose(0, 1).matmul(normal(24, 20)), f.transpose(0, 1).matmul(normal(24, 20)));
    same(
        normal(20, n).linear(w, w.slice(1, 0, 1).reshape(24)),
        normal(20, n).linear(f, f.slice(1, 0, 1).reshape(24)));
    same(normal(20, 12).matmul(w.slice(0, 3, 15)), normal(20, 12).matmul(f.slice(0, 3, 15)));
    same(w.sum(1), f.sum(1));
  }

  private void same(Tensor a, Tensor b) {
    Compare.close(a.node().describe(), values(a), Compare.doubles(values(b)), 1e-6);
  }

  private <M extends Module & Layer> void check(
      Encoding encoding, Supplier<M> maker, Tensor input) {
    M coded = Rng.with(5, maker);
    coded.freeze();
    hold(coded, encoding);
    M single = Rng.with(5, maker);
    hold(single, encoding);
    single.to(Encodings.FLOAT32);
    single.freeze();
    Variable x = new Variable("x", input.storage().copy(), input.shape(), true);
    Tensor a = coded.forward(Tensor.of(x.node()));
    Tensor b = single.forward(Tensor.of(x.node()));
    String what = coded + " of " + encoding;
    Compare.close(what, values(a), Compare.doubles(values(b)), 1e-6);
    if (!input.dtype().isInteger()) {
      float[] upstream = normal(a.shape().toArray()).toFloats();
      double[] expected = Compare.doubles(gradient(b, x, upstream));
      x.clearGradient();
      Compare.close("gradient, " + what, gradient(a, x, upstream), expected, 1e-6);
    }
  }

  private static void hold(Module module, Encoding encoding) {
    if (encoding.encodes()) {
      module.to(encoding);
      return;
    }
    for (Parameter p : module.parametersFor(encoding)) {
      p.adopt(RandomCodes.of(encoding, p.shape().size()));
    }
  }

  private static Tensor normal(int... shape) {
    Shape s = Shape.of(shape);
    return Tensor.of(Storage.of(new Rng(s.size()).normal(s.size(), 0, 1)), s);
  }
}
