package dev.peft4j.tuner.waveft;

import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.SparsePlaces;
import org.jspecify.annotations.Nullable;

/**
 * A few coefficients of short wavelets as the sparse matrix that they make: each is spread over as
 * many rows and columns as the wavelet is long.
 */
final class Spread {
  /** The number of places for which the matrix has one at most. */
  private static final int SPARSE = 24;

  private final SparsePlaces places;
  private final Tensor which;
  private final Tensor factors;

  private Spread(SparsePlaces places, Tensor which, Tensor factors) {
    this.places = places;
    this.which = which;
    this.factors = factors;
  }

  /**
   * Returns it, or null if the matrix would not be sparse.
   *
   * @param rowOf of each coefficient, in the padded matrix
   * @param columnOf of each coefficient
   */
  static @Nullable Spread of(
      long[] rowOf, long[] columnOf, Synthesis rows, Synthesis columns, int out, int in) {
    int all = rowOf.length;
    Synthesis.Column[] down = new Synthesis.Column[all];
    Synthesis.Column[] across = new Synthesis.Column[all];
    long count = 0;
    for (int i = 0; i < all; i++) {
      down[i] = rows.column((int) rowOf[i]);
      across[i] = columns.column((int) columnOf[i]);
      count += (long) down[i].rows().length * across[i].rows().length;
    }
    if (count * SPARSE > (long) out * in) {
      return null;
    }
    int n = (int) count;
    long[] r = new long[n];
    long[] c = new long[n];
    long[] which = new long[n];
    float[] factors = new float[n];
    int next = 0;
    for (int i = 0; i < all; i++) {
      for (int a = 0; a < down[i].rows().length; a++) {
        for (int b = 0; b < across[i].rows().length; b++) {
          r[next] = down[i].rows()[a];
          c[next] = across[i].rows()[b];
          which[next] = i;
          factors[next++] = down[i].values()[a] * across[i].values()[b];
        }
      }
    }
    return new Spread(new SparsePlaces(r, c, out, in), Tensor.of(which, n), Tensor.of(factors, n));
  }

  private Tensor values(Tensor spectrum) {
    return spectrum.reshape(-1, 1).embedding(which).reshape(-1).mul(factors);
  }

  Tensor times(Tensor x, Tensor spectrum) {
    return places.times(x, values(spectrum));
  }

  Tensor matrix(Tensor spectrum) {
    return places.matrix(values(spectrum));
  }
}
