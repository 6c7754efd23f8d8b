package dev.peft4j.tuner.frod;

import dev.peft4j.linalg.LinearAlgebra;

/**
 * The matrix U and the lengths for which W = U · diag(lengths) · Vᵀ, where U's columns have length
 * 1, or 0 where the length is 0.
 *
 * @param u (out, in)
 * @param lengths (in)
 */
record UnitColumns(float[] u, float[] lengths) {
  private static final double LEAST = 1e-12;

  static UnitColumns of(float[] w, int out, int in, float[] v) {
    double[] matrix = new double[v.length];
    for (int i = 0; i < v.length; i++) {
      matrix[i] = v[i];
    }
    double[] turned = new double[in * out]; // Wᵀ (in, out)
    for (int o = 0; o < out; o++) {
      for (int i = 0; i < in; i++) {
        turned[i * out + o] = w[o * in + i];
      }
    }
    double[] x = LinearAlgebra.available().solve(matrix, in, turned, out);
    float[] u = new float[out * in];
    float[] lengths = new float[in];
    for (int i = 0; i < in; i++) {
      double squares = 0;
      for (int o = 0; o < out; o++) {
        squares += x[i * out + o] * x[i * out + o];
      }
      double length = Math.sqrt(squares);
      lengths[i] = (float) length;
      for (int o = 0; o < out && length > LEAST; o++) {
        u[o * in + i] = (float) (x[i * out + o] / length);
      }
    }
    return new UnitColumns(u, lengths);
  }
}
