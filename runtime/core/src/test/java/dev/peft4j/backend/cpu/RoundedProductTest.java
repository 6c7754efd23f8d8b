package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.backend.Backends;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Variable;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * With {@code peft4j.bfloat16} both factors of a product with a weight in bfloat16 are rounded,
 * forward and backward; without it none is. In a Java of its own, which reads the property.
 */
class RoundedProductTest {
  private static final int ROWS = 600;
  private static final int IN = 200;
  private static final int OUT = 330;

  static final class Main {
    public static void main(String[] args) {
      if (!OneDnn.available() || Boolean.getBoolean("peft4j.bfloat16") && !OneDnn.ROUNDS) {
        return;
      }
      Storage codes = Storage.of(new Rng(1).normal(OUT * IN, 0, 1)).copyAs(Encodings.BFLOAT16);
      Tensor w = Tensor.of(new Variable("w", codes, Shape.of(OUT, IN), false).node()).toFloat();
      float[] weight = codes.toFloats();
      CpuBackend cpu = new CpuBackend();
      for (boolean forward : new boolean[] {true, false}) {
        int k = forward ? IN : OUT;
        int n = forward ? OUT : IN;
        Storage x = Storage.of(new Rng(2).normal(ROWS * k, 0, 1));
        float[] rounded = x.copyAs(Encodings.BFLOAT16).toFloats();
        Tensor given = Tensor.of(x, Shape.of(ROWS, k));
        float[] y =
            Backends.with(
                cpu, () -> (forward ? given.linear(w, null) : given.matmul(w)).toFloats());
        System.out.println(
            largest(y, x.toFloats(), weight, n, k, forward)
                + " "
                + largest(y, rounded, weight, n, k, forward));
      }
    }

    /** The largest difference from the product of these factors, in double precision. */
    private static double largest(
        float[] y, float[] x, float[] w, int n, int k, boolean transposed) {
      double most = 0;
      for (int r = 0; r < ROWS; r++) {
        for (int c = 0; c < n; c++) {
          double sum = 0;
          for (int i = 0; i < k; i++) {
            sum += (double) x[r * k + i] * w[transposed ? c * k + i : i * n + c];
          }
          most = Math.max(most, Math.abs(sum - y[r * n + c]));
        }
      }
      return most;
    }
  }

  private static List<double[]> differences(String rounds) throws Exception {
    return FlagsTest.run(
            Main.class,
            "--enable-native-access=ALL-UNNAMED",
            "--add-modules=jdk.incubator.vector",
            "-Dpeft4j.bfloat16=" + rounds)
        .stream()
        .filter(line -> line.matches("[0-9.E-]+ [0-9.E-]+"))
        .map(
            line -> {
              String[] two = line.split(" ");
              return new double[] {Double.parseDouble(two[0]), Double.parseDouble(two[1])};
            })
        .toList();
  }

  @Test
  void bothFactorsAreRoundedIfAskedFor() throws Exception {
    for (double[] d : differences("true")) {
      assertThat(d[0]).isGreaterThan(1e-2);
      assertThat(d[1]).isLessThan(1e-3);
    }
    List<double[]> plain = differences("false");
    assertThat(plain).hasSize(OneDnn.available() ? 2 : 0);
    for (double[] d : plain) {
      assertThat(d[0]).isLessThan(1e-3);
      assertThat(d[1]).isGreaterThan(1e-2);
    }
  }
}
