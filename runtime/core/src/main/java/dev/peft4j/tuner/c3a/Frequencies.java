package dev.peft4j.tuner.c3a;

import dev.peft4j.tensor.Tensor;

/**
 * Circular correlations through the discrete Fourier transform of real numbers: y[t] = Σ x[j] ·
 * w[(j - t) mod b] has the transform x̂ · conj(ŵ), and the reversed one, w[(j + t) mod b], has
 * conj(x̂) · ŵ.
 */
final class Frequencies {
  private final int b;
  private final int count;
  private final Tensor cosines;
  private final Tensor sines;
  private final Tensor backCosines;
  private final Tensor backSines;

  Frequencies(int b) {
    this.b = b;
    this.count = b / 2 + 1;
    float[] cos = new float[count * b];
    float[] sin = new float[count * b];
    float[] backCos = new float[b * count];
    float[] backSin = new float[b * count];
    for (int k = 0; k < count; k++) {
      double weight = (k == 0 || 2 * k == b ? 1.0 : 2.0) / b;
      for (int j = 0; j < b; j++) {
        double angle = 2 * Math.PI * ((long) j * k % b) / b;
        cos[k * b + j] = (float) Math.cos(angle);
        sin[k * b + j] = (float) -Math.sin(angle);
        backCos[j * count + k] = (float) (weight * Math.cos(angle));
        backSin[j * count + k] = (float) (-weight * Math.sin(angle));
      }
    }
    cosines = Tensor.of(cos, count, b);
    sines = Tensor.of(sin, count, b);
    backCosines = Tensor.of(backCos, b, count);
    backSines = Tensor.of(backSin, b, count);
  }

  /** Returns (rows, p, b) for x (rows, q, b) and kernels (p, q, b). */
  Tensor times(Tensor x, Tensor kernel, boolean reversed) {
    Tensor xr = perFrequency(x.linear(cosines, null)); // (frequencies, rows, q)
    Tensor xi = perFrequency(x.linear(sines, null));
    Tensor wr = kernel.linear(cosines, null).permute(2, 1, 0); // (frequencies, q, p)
    Tensor wi = kernel.linear(sines, null).permute(2, 1, 0);
    Tensor real = xr.matmul(wr).add(xi.matmul(wi));
    Tensor imaginary = xi.matmul(wr).sub(xr.matmul(wi));
    if (reversed) {
      imaginary = imaginary.neg();
    }
    return back(real, backCosines).add(back(imaginary, backSines));
  }

  private static Tensor perFrequency(Tensor x) {
    return x.permute(2, 0, 1);
  }

  private static Tensor back(Tensor x, Tensor matrix) {
    return x.permute(1, 2, 0).linear(matrix, null);
  }

  @Override
  public String toString() {
    return count + " frequencies of " + b;
  }
}
