package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.backend.Backends;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Products of few rows with weights of any encoding without blocks, against double precision. */
class FewRowsTest {
  private final Rng rng = new Rng(5);

  private int pick(int from, int to) {
    return from + (int) (rng.nextDouble() * (to - from));
  }

  @Test
  void areProducts() {
    for (int round = 0; round < 120; round++) {
      int rows = pick(1, 16);
      int k = round % 2 == 0 ? 16 * pick(1, 40) : pick(1, 300);
      int n = round % 3 == 0 ? 16 * pick(1, 40) : pick(1, 500);
      List<Encoding> encodings = List.of(Encodings.FLOAT32, Encodings.BFLOAT16, Encodings.FLOAT16);
      Encoding encoding = encodings.get(pick(0, 3));
      boolean transposed = round % 4 != 0;
      check(rows, k, n, encoding, transposed, round % 5 == 0 && transposed);
    }
  }

  private void check(int rows, int k, int n, Encoding encoding, boolean transposed, boolean bias) {
    float[] x = rng.normal(rows * k, 0, 1);
    float[] w = rng.normal(n * k, 0, 1);
    float[] b = rng.normal(n, 0, 1);
    Storage coded = Storage.of(w).copyAs(encoding);
    Parameter weight = transposed ? new Parameter(w, n, k) : new Parameter(w, k, n);
    weight.freeze();
    weight.to(encoding);
    float[] y =
        Backends.with(
            new CpuBackend(),
            () -> {
              Tensor in = Tensor.of(x, rows, k);
              Tensor out =
                  transposed ? in.linear(weight, bias ? Tensor.of(b) : null) : in.matmul(weight);
              return out.toFloats();
            });
    String what = rows + " x " + k + " x " + n + " " + encoding + (transposed ? " transposed" : "");
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < n; j++) {
        double sum = bias ? b[j] : 0;
        double size = 1;
        for (int i = 0; i < k; i++) {
          double term = (double) x[r * k + i] * coded.floatAt(transposed ? j * k + i : i * n + j);
          sum += term;
          size += Math.abs(term);
        }
        assertThat(y[r * n + j]).as(what).isCloseTo((float) sum, within((float) (2e-6 * size)));
      }
    }
  }
}
