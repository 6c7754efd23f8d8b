package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.backend.Backends;
import dev.peft4j.data.Rng;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import java.util.function.Supplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products of matrices that are trained, and their gradients, large enough for oneDNN. */
class TrainedProductTest {
  private final Rng rng = new Rng(11);

  private Parameter trained(int... shape) {
    int n = 1;
    for (int size : shape) {
      n *= size;
    }
    return new Parameter(rng.normal(n, 0, 1), shape);
  }

  private static void assertSame(String what, Supplier<Tensor> computed, int terms) {
    float[] actual = computed.get().toFloats();
    float[] expected = Backends.with(Backends.named("reference"), () -> computed.get().toFloats());
    assertThat(actual).as(what).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i])
          .as("%s, element %d", what, i)
          .isCloseTo(expected[i], within(2e-6f * terms));
    }
  }

  /** Thin and wide, primes, more rows than columns and the other way round. */
  @ParameterizedTest
  @CsvSource({"2048, 8, 384", "2048, 384, 8", "331, 7, 257", "17, 513, 67", "1000, 65, 9"})
  void productsEitherWayRound(int rows, int out, int in) {
    Parameter x = trained(rows, in);
    Parameter w = trained(out, in);
    Parameter bias = trained(out);
    Parameter y = trained(rows, out);
    assertSame("linear", () -> x.linear(w, null), in);
    assertSame("linear with bias", () -> x.linear(w, bias), in);
    assertSame("x · w", () -> y.matmul(w), out);
    assertSame("yᵀ · x", () -> y.transpose(0, 1).matmul(x), rows);
    assertSame("xᵀ · y", () -> x.transpose(0, 1).matmul(y), rows);
    Parameter z = trained(out, rows);
    assertSame("xᵀ · zᵀ", () -> x.transpose(0, 1).matmul(z.transpose(0, 1)), rows);
  }
}
