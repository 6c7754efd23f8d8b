package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.backend.Backends;
import dev.peft4j.backend.Engine;
import dev.peft4j.backend.cases.Compare;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Nf4;
import dev.peft4j.data.Q8_0;
import dev.peft4j.data.RandomCodes;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Variable;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Products with the codes, around the sizes of panels and pieces. */
class CodedProductTest {
  private final CpuBackend cpu = new CpuBackend();

  private static Tensor normal(int... shape) {
    Shape s = Shape.of(shape);
    return Tensor.of(Storage.of(new Rng(s.size()).normal(s.size(), 0, 1)), s);
  }

  private List<String> ops(Tensor t) {
    return Engine.program(cpu, List.of(t.node())).steps().stream().map(s -> s.op().name()).toList();
  }

  static List<Arguments> sizes() {
    int[][] all = {
      {1, 1, 1},
      {1, 2, 5},
      {1, 129, 17},
      {3, 128, 16},
      {15, 33, 2},
      {16, 31, 33},
      {257, 127, 3},
      {513, 160, 16}
    };
    List<Arguments> out = new ArrayList<>();
    for (String name :
        List.of("Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q6_K", "IQ4_NL", "NF4", "FP4", "INT8_ROWS")) {
      for (int[] s : all) {
        out.add(Arguments.of(Encodings.named(name), s[0], s[1], s[2]));
      }
    }
    out.add(Arguments.of(new Nf4(64, true), 1, 70, 5));
    out.add(Arguments.of(new Nf4(128, true), 600, 70, 5));
    return out;
  }

  /** Products around the sizes of panels and pieces; of blocks that cross rows with odd rows. */
  @ParameterizedTest
  @MethodSource("sizes")
  void productsAreThoseOfTheDecodedWeight(Encoding kind, int rows, int out, int blocks) {
    int block = kind.blockValues();
    int in =
        block == 1 ? 40 * blocks : kind.crossesRows() ? 64 * blocks - 24 % (64 * blocks) : block;
    in = block > 1 && !kind.crossesRows() ? block * Math.max(1, blocks * 32 / block) : in;
    Encoding encoding = kind.forShape(Shape.of(out, in));
    Storage codes = RandomCodes.of(encoding, out * in);
    Variable weight = new Variable("w", codes, Shape.of(out, in), false);
    Tensor w = Tensor.of(weight.node()).toFloat();
    Tensor f = Tensor.of(codes.copyAs(Encodings.FLOAT32), Shape.of(out, in));
    Tensor x = normal(rows, in);
    Tensor dY = normal(rows, out);
    Tensor bias = normal(out);
    same(x.linear(w, null), x.linear(f, null));
    same(x.linear(w, bias), x.linear(f, bias));
    same(dY.matmul(w), dY.matmul(f));
    same(dY.reshape(1, rows, out).matmul(w), dY.reshape(1, rows, out).matmul(f));
    assertThat(ops(x.linear(w, bias))).containsExactly("linear");
    assertThat(ops(dY.matmul(w))).containsExactly("MatMul");
  }

  private void same(Tensor coded, Tensor floats) {
    Backends.with(
        cpu,
        () -> {
          double[] expected = Compare.doubles(floats.toFloats());
          Compare.close(coded.node().describe(), coded.toFloats(), expected, 2e-6);
          return true;
        });
  }

  /** As in a layer's training step: nothing decodes all of the weight. */
  @Test
  void forwardAndBackwardReadTheCodes() {
    Storage codes = normal(64, 96).storage().copyAs(new Q8_0());
    Tensor w = Tensor.of(new Variable("w", codes, Shape.of(64, 96), false).node()).toFloat();
    Variable x = new Variable("x", normal(40, 96).storage().copy(), Shape.of(40, 96), true);
    Tensor.of(x.node()).linear(w, null).square().sum().backward();
    Tensor gradient = Tensor.of(java.util.Objects.requireNonNull(x.gradient()));
    assertThat(ops(gradient)).contains("linear", "MatMul").doesNotContain("Decode");
  }

  /** Plain loops and those of the Vector API, whichever is used when, and of how many rows. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "IQ4_NL", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_XS",
        "NF4", "FP4"
      })
  void codesAreDecodedToTheSameBitsWheneverTheyAre(String name) throws InterruptedException {
    Storage codes = RandomCodes.of(Encodings.named(name), 97 * 512);
    Tensor w = Tensor.of(new Variable("w", codes, Shape.of(97, 512), false).node()).toFloat();
    Tensor x = normal(24, 512);
    Tensor one = normal(1, 512);
    Tensor five = normal(5, 512);
    float[] first = Backends.with(cpu, () -> x.linear(w, null).toFloats());
    float[] ofOne = Backends.with(cpu, () -> one.linear(w, null).toFloats());
    float[] ofFive = Backends.with(cpu, () -> five.linear(w, null).toFloats());
    float[] numbers = codes.copyAs(Encodings.FLOAT32).toFloats();
    assertThat(decoded(codes)).isEqualTo(numbers);
    for (int i = 0; i < 20; i++) {
      assertThat(Backends.with(cpu, () -> x.linear(w, null).toFloats())).isEqualTo(first);
      assertThat(Backends.with(cpu, () -> one.linear(w, null).toFloats())).isEqualTo(ofOne);
      assertThat(Backends.with(cpu, () -> five.linear(w, null).toFloats())).isEqualTo(ofFive);
      assertThat(decoded(codes)).isEqualTo(numbers);
      Thread.sleep(50);
    }
  }

  /** The numbers from the third on, as panels have them. */
  private static float[] decoded(Storage codes) {
    int n = Math.toIntExact(codes.elements());
    Storage out = Storage.allocate(Encodings.FLOAT32, n);
    CodedRows rows = CodedRows.of(codes.encoding());
    rows.decode(codes.address(), 0, 3, out.address());
    rows.decode(codes.address(), 3, n - 3, out.address() + 12);
    return out.toFloats();
  }
}
