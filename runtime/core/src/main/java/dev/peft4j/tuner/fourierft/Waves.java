package dev.peft4j.tuner.fourierft;

import dev.peft4j.nn.Buffer;
import dev.peft4j.tuner.TunerContext;
import java.util.function.DoubleUnaryOperator;

/** The matrices (n, n) of the cosines and sines of 2π · j · k / n. */
final class Waves {
  private Waves() {}

  static Buffer cosines(TunerContext context, int n) {
    return context.sharedBuffer("cosines of " + n, () -> matrix(n, Math::cos));
  }

  static Buffer sines(TunerContext context, int n) {
    return context.sharedBuffer("sines of " + n, () -> matrix(n, Math::sin));
  }

  private static Buffer matrix(int n, DoubleUnaryOperator f) {
    float[] wave = one(n, f);
    float[] m = new float[n * n];
    for (int j = 0; j < n; j++) {
      for (int k = 0; k < n; k++) {
        m[j * n + k] = wave[(int) ((long) j * k % n)];
      }
    }
    return new Buffer(m, n, n);
  }

  /** Returns the values at n places of one period. */
  static float[] one(int n, DoubleUnaryOperator f) {
    float[] wave = new float[n];
    for (int i = 0; i < n; i++) {
      wave[i] = (float) f.applyAsDouble(2 * Math.PI * i / n);
    }
    return wave;
  }
}
