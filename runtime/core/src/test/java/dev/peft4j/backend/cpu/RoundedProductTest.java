package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.backend.Backends;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Nf4;
import dev.peft4j.data.RandomCodes;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Variable;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * With {@code peft4j.bfloat16} both factors of a product with a weight in bfloat16 or in codes are
 * rounded to bfloat16, forward and backward; without it none is. In a Java of its own, which reads
 * the property.
 */
class RoundedProductTest {
  private static final int ROWS = 600;

  static final class Main {
    public static void main(String[] args) {
      if (!OneDnn.available() || Boolean.getBoolean("peft4j.bfloat16") && !OneDnn.ROUNDS) {
        return;
      }
      check(Encodings.BFLOAT16, 330, 200);
      check(Encodings.Q8_0, 330, 192); // a panel that is not full, dealt out by rows
      check(Encodings.Q8_0, 64, 2592); // more than a panel is long
      check(Encodings.NF4, 330, 200); // blocks that begin within rows
      check(new Nf4(64, true), 2112, 70);
      check(Encodings.named("Q4_K"), 130, 512);
      check(Encodings.INT8_ROWS.forShape(Shape.of(130, 200)), 130, 200);
    }

    private static void check(Encoding encoding, int out, int in) {
      Storage codes = RandomCodes.of(encoding, out * in);
      Tensor w = Tensor.of(new Variable("w", codes, Shape.of(out, in), false).node()).toFloat();
      float[] weight = codes.copyAs(Encodings.FLOAT32).toFloats();
      double most = 0;
      for (float v : weight) {
        most = Math.max(most, Math.abs(v));
      }
      float[] half = rounded(weight);
      for (boolean forward : new boolean[] {true, false}) {
        int k = forward ? in : out;
        int n = forward ? out : in;
        float[] x = new Rng(2).normal(ROWS * k, 0, 1);
        float[] bias = new Rng(3).normal(n, 0, (float) most);
        Tensor given = Tensor.of(Storage.of(x), Shape.of(ROWS, k));
        Tensor b = Tensor.of(Storage.of(bias), Shape.of(n));
        float[] y =
            Backends.with(
                new CpuBackend(),
                () -> (forward ? given.linear(w, b) : given.matmul(w)).toFloats());
        float[] added = forward ? bias : new float[n];
        double unit = most * Math.sqrt(k);
        System.out.println(
            largest(y, x, weight, added, k, forward) / unit
                + " "
                + largest(y, rounded(x), half, added, k, forward) / unit);
      }
    }

    private static float[] rounded(float[] x) {
      return Storage.of(x).copyAs(Encodings.BFLOAT16).toFloats();
    }

    /** The largest difference from the product of these factors, in double precision. */
    private static double largest(
        float[] y, float[] x, float[] w, float[] bias, int k, boolean transposed) {
      int n = bias.length;
      double most = 0;
      for (int r = 0; r < ROWS; r++) {
        for (int c = 0; c < n; c++) {
          double sum = bias[c];
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
    List<double[]> rounded = differences("true");
    assertThat(rounded.size()).isIn(0, 14);
    for (double[] d : rounded) {
      assertThat(d[0]).isBetween(1e-3, 1e-2);
      assertThat(d[1]).isLessThan(1e-5);
    }
    List<double[]> plain = differences("false");
    assertThat(plain).hasSize(OneDnn.available() ? 14 : 0);
    for (double[] d : plain) {
      assertThat(d[0]).isLessThan(1e-5);
      assertThat(d[1]).isGreaterThan(1e-3);
    }
  }
}
