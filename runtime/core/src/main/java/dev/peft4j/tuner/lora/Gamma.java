package dev.peft4j.tuner.lora;

import dev.peft4j.tensor.Tensor;

/**
 * The logarithm of the gamma function and its derivative for positive numbers, by Stirling's series
 * of numbers that are shifted up (Abramowitz and Stegun 1964, 6.1.15, 6.1.41, 6.3.5, 6.3.18).
 */
final class Gamma {
  /** Above this number the series is exact to float's last bits. */
  private static final int SHIFT = 8;

  private static final float HALF_LOG_TAU = (float) (0.5 * Math.log(2 * Math.PI));

  private Gamma() {}

  /** Returns ln Γ(x), the number's sign being positive. */
  static Tensor log(Tensor x) {
    Tensor y = x.add(SHIFT);
    Tensor product = x;
    for (int k = 1; k < SHIFT; k++) {
      product = product.mul(x.add(k));
    }
    Tensor inverse = Tensor.scalar(1).div(y);
    Tensor square = inverse.square();
    Tensor series = inverse.mul(square.mul(square.mul(1f / 1260).sub(1f / 360)).add(1f / 12));
    return y.sub(0.5f).mul(y.log()).sub(y).add(HALF_LOG_TAU).add(series).sub(product.log());
  }

  /** Returns the derivative of ln Γ at x. */
  static Tensor digamma(Tensor x) {
    Tensor y = x.add(SHIFT);
    Tensor below = Tensor.scalar(1).div(x);
    for (int k = 1; k < SHIFT; k++) {
      below = below.add(Tensor.scalar(1).div(x.add(k)));
    }
    Tensor inverse = Tensor.scalar(1).div(y);
    Tensor square = inverse.square();
    Tensor series = square.mul(square.mul(square.mul(1f / 252).sub(1f / 120)).add(1f / 12));
    return y.log().sub(inverse.mul(0.5f)).sub(series).sub(below);
  }
}
