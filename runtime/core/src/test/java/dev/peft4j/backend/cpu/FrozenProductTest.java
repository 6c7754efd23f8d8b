package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.Backends;
import dev.peft4j.data.Rng;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products with weights that are not trained, which a backend may keep in a layout of its own. */
class FrozenProductTest {
  private final Rng rng = new Rng(5);

  private Parameter frozen(int... shape) {
    int n = 1;
    for (int size : shape) {
      n *= size;
    }
    Parameter p = new Parameter(rng.normal(n, 0, 1), shape);
    p.freeze();
    return p;
  }

  private static float[] reference(Parameter w, Tensor x, Tensor bias) {
    Backend reference = Backends.named("reference");
    return Backends.with(reference, () -> x.linear(w, bias).toFloats());
  }

  private static void assertClose(float[] actual, float[] expected, int k) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i]).as("element %d", i).isCloseTo(expected[i], within(2e-6f * k));
    }
  }

  /** Few and many rows and columns, primes, sizes that leave a rest in every block. */
  @ParameterizedTest
  @CsvSource({
    "16, 16, 16",
    "17, 19, 23",
    "33, 64, 16",
    "64, 300, 40",
    "16, 1031, 17",
    "257, 65, 31",
    "128, 128, 128",
    "15, 64, 64",
    "100, 8, 64",
    "100, 64, 8",
    "1030, 700, 390"
  })
  void linearAndItsGradient(int rows, int out, int in) {
    Parameter w = frozen(out, in);
    Parameter bias = frozen(out);
    Parameter x = new Parameter(rng.normal(rows * in, 0, 1), rows, in);
    assertClose(x.linear(w, bias).toFloats(), reference(w, x, bias), in);
    assertClose(x.linear(w, null).toFloats(), reference(w, x, null), in);
    float[] g = rng.normal(rows * out, 0, 1);
    Tensor upstream = Tensor.of(g, rows, out);
    x.linear(w, bias).mul(upstream).sum().backward();
    float[] expected =
        Backends.with(
            Backends.named("reference"),
            () -> upstream.matmul(Tensor.of(w.toFloats(), out, in)).toFloats());
    assertClose(x.grad().toFloats(), expected, out);
    assertThat(w.grad()).isNull();
  }

  @Test
  void aNewValueIsSeen() {
    Parameter w = frozen(32, 48);
    Tensor x = Tensor.of(rng.normal(20 * 48, 0, 1), 20, 48);
    assertClose(x.linear(w, null).toFloats(), reference(w, x, null), 48);
    w.set(rng.normal(32 * 48, 0, 1));
    assertClose(x.linear(w, null).toFloats(), reference(w, x, null), 48);
    w.own().setFloat(5, 100);
    assertClose(x.linear(w, null).toFloats(), reference(w, x, null), 4800);
  }

  @Test
  void theSameBitsEachTime() {
    Parameter w = frozen(384, 64);
    Tensor x = Tensor.of(rng.normal(100 * 64, 0, 1), 100, 64);
    float[] first = x.linear(w, null).toFloats();
    for (int i = 0; i < 5; i++) {
      assertThat(x.linear(w, null).toFloats()).isEqualTo(first);
    }
  }

  /** A weight that is trained gets gradients, and its new value is the one that is used. */
  @Test
  void unfreezing() {
    Parameter w = frozen(32, 32);
    Tensor x = Tensor.of(rng.normal(32 * 32, 0, 1), 32, 32);
    x.linear(w, null).toFloats();
    w.unfreeze();
    x.linear(w, null).sum().backward();
    assertThat(w.grad()).isNotNull();
  }
}
