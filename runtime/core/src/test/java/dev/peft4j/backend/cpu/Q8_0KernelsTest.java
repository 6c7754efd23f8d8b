package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.backend.Backends;
import dev.peft4j.backend.Engine;
import dev.peft4j.backend.cases.Compare;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Q8_0;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Variable;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products with the codes, around the sizes of panels and pieces. */
class Q8_0KernelsTest {
  private final CpuBackend cpu = new CpuBackend();

  private static Tensor normal(int... shape) {
    Shape s = Shape.of(shape);
    return Tensor.of(Storage.of(new Rng(s.size()).normal(s.size(), 0, 1)), s);
  }

  private List<String> ops(Tensor t) {
    return Engine.program(cpu, List.of(t.node())).steps().stream().map(s -> s.op().name()).toList();
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 32",
    "1, 128, 512",
    "2, 129, 544",
    "255, 31, 1056",
    "256, 300, 64",
    "257, 127, 96",
    "600, 160, 512"
  })
  void productsAreThoseOfTheDecodedWeight(int rows, int out, int in) {
    Storage codes = normal(out, in).storage().copyAs(new Q8_0());
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

  /** Plain loops and those of the Vector API, whichever is used when. */
  @Test
  void codesAreDecodedToTheSameBitsWheneverTheyAre() throws InterruptedException {
    Storage codes = normal(96, 512).storage().copyAs(new Q8_0());
    Tensor w = Tensor.of(new Variable("w", codes, Shape.of(96, 512), false).node()).toFloat();
    Tensor x = normal(24, 512);
    float[] first = Backends.with(cpu, () -> x.linear(w, null).toFloats());
    for (int i = 0; i < 20; i++) {
      assertThat(Backends.with(cpu, () -> x.linear(w, null).toFloats())).isEqualTo(first);
      Thread.sleep(50);
    }
  }
}
