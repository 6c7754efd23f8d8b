package dev.peft4j.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.data.NonFiniteException;
import dev.peft4j.data.Rng;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinearAlgebraTest {
  private static final LinearAlgebra LINALG = LinearAlgebra.available();

  @ParameterizedTest
  @CsvSource({"1,1", "1,5", "5,1", "4,4", "3,7", "7,3", "33,65", "65,33"})
  void theFactorsOfTheSvdGiveTheMatrix(int rows, int columns) {
    float[] a = new Rng(rows * 100L + columns).normal(rows * columns, 0, 1);
    LinearAlgebra.Svd svd = LINALG.svd(a.clone(), rows, columns);
    int k = Math.min(rows, columns);
    assertThat(svd.s()).hasSize(k);
    for (int i = 1; i < k; i++) {
      assertThat(svd.s()[i]).isLessThanOrEqualTo(svd.s()[i - 1]).isNotNegative();
    }
    float[] scaled = svd.vt().clone();
    for (int i = 0; i < k; i++) {
      for (int j = 0; j < columns; j++) {
        scaled[i * columns + j] *= svd.s()[i];
      }
    }
    same(product(svd.u(), scaled, rows, k, columns), a);
    same(product(LinearAlgebra.transposed(svd.u(), rows, k), svd.u(), k, rows, k), identity(k));
    same(
        product(svd.vt(), LinearAlgebra.transposed(svd.vt(), k, columns), k, columns, k),
        identity(k));
  }

  /** Two close values: in float their vectors would be off by 1e-7 over the distance. */
  @ParameterizedTest
  @CsvSource({"8,8", "12,8", "8,12"})
  void vectorsOfCloseValuesAreExact(int rows, int columns) {
    int k = Math.min(rows, columns);
    float[] a = new float[rows * columns];
    for (int n = 0; n < k; n++) { // permuted, so that it is not diagonal
      a[(n * 3 % rows) * columns + n * 5 % columns] = n < 2 ? 1 + n * 1e-6f : 0.5f / n;
    }
    float turn = 1e-6f;
    a[0] += turn; // couples the two a little
    a[3 % rows * columns + 5 % columns] += turn;
    LinearAlgebra.Svd svd = LINALG.svd(a, rows, columns);
    for (int n = 0; n < 2; n++) { // A v = s u, to the last digits of floats
      for (int i = 0; i < rows; i++) {
        double av = 0;
        for (int j = 0; j < columns; j++) {
          av += (double) a[i * columns + j] * svd.vt()[n * columns + j];
        }
        assertThat(av).isCloseTo((double) svd.s()[n] * svd.u()[i * k + n], within(1.5e-7));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1", "1,5", "5,1", "4,4", "3,7", "7,3", "33,65", "65,33"})
  void theFactorsOfTheQrGiveTheMatrix(int rows, int columns) {
    float[] a = new Rng(rows * 100L + columns).normal(rows * columns, 0, 1);
    LinearAlgebra.Qr qr = LINALG.qr(a.clone(), rows, columns);
    int k = Math.min(rows, columns);
    same(product(qr.q(), qr.r(), rows, k, columns), a);
    same(product(LinearAlgebra.transposed(qr.q(), rows, k), qr.q(), k, rows, k), identity(k));
    for (int i = 0; i < k; i++) {
      for (int j = 0; j < i; j++) {
        assertThat(qr.r()[i * columns + j]).isZero();
      }
    }
  }

  @Test
  void whatIsNoMatrixIsRefused() {
    assertThatThrownBy(() -> LINALG.svd(new float[5], 2, 3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("svd: 5 numbers are not a matrix of 2 x 3");
    assertThatThrownBy(() -> LINALG.qr(new float[] {1, 2, Float.NaN, 4}, 2, 2))
        .isInstanceOf(NonFiniteException.class)
        .hasMessage("qr: the matrix of 2 x 2 has NaN in row 1, column 0");
    assertThat(LINALG.svd(new float[0], 0, 3).s()).isEmpty();
  }

  private static float[] identity(int n) {
    float[] e = new float[n * n];
    for (int i = 0; i < n; i++) {
      e[i * n + i] = 1;
    }
    return e;
  }

  private static float[] product(float[] a, float[] b, int m, int k, int n) {
    float[] c = new float[m * n];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int l = 0; l < k; l++) {
          sum += (double) a[i * k + l] * b[l * n + j];
        }
        c[i * n + j] = (float) sum;
      }
    }
    return c;
  }

  private static void same(float[] found, float[] expected) {
    assertThat(found).hasSameSizeAs(expected);
    for (int i = 0; i < found.length; i++) {
      assertThat(found[i]).isCloseTo(expected[i], within(2e-5f));
    }
  }
}
