package dev.peft4j.nn;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;

/** First values of parameters, drawn from the distributions that torch's layers use. */
public final class Initial {
  private Initial() {}

  /**
   * torch's {@code kaiming_uniform_(a=√5)} (He et al. 2015), the default of Linear and Conv:
   * uniform in ±1/√fanIn, where fanIn is the product of all sizes but the first.
   */
  public static Parameter kaimingUniform(Rng rng, int... shape) {
    Shape s = Shape.of(shape);
    float bound = (float) (1 / Math.sqrt(s.product(1, s.rank())));
    return new Parameter(rng.uniform(s.size(), -bound, bound), shape);
  }

  /** Uniform in ±1/√fanIn: the default of biases. */
  public static Parameter bias(Rng rng, int fanIn, int n) {
    float bound = (float) (1 / Math.sqrt(fanIn));
    return new Parameter(rng.uniform(n, -bound, bound), n);
  }

  /** Normal numbers of mean 0. */
  public static Parameter normal(Rng rng, float std, int... shape) {
    return new Parameter(rng.normal(Shape.of(shape).size(), 0, std), shape);
  }

  /** The same number everywhere. */
  public static Parameter constant(float value, int... shape) {
    float[] v = new float[Shape.of(shape).size()];
    java.util.Arrays.fill(v, value);
    return new Parameter(v, shape);
  }
}
