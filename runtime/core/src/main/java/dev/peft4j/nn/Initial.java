package dev.peft4j.nn;

import dev.peft4j.data.DType;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import java.util.function.IntFunction;

/** First values of parameters, drawn from the distributions that torch's layers use. */
public final class Initial {
  /** Even, as normal numbers are drawn in pairs. */
  private static final int BLOCK = 4096;

  private Initial() {}

  /**
   * torch's {@code kaiming_uniform_(a=√5)} (He et al. 2015), the default of Linear and Conv:
   * uniform in ±1/√fanIn, where fanIn is the product of all sizes but the first.
   */
  public static Parameter kaimingUniform(Rng rng, int... shape) {
    Shape s = Shape.of(shape);
    float bound = (float) (1 / Math.sqrt(s.product(1, s.rank())));
    return drawn(n -> rng.uniform(n, -bound, bound), s);
  }

  /** Uniform in ±1/√fanIn: the default of biases. */
  public static Parameter bias(Rng rng, int fanIn, int n) {
    float bound = (float) (1 / Math.sqrt(fanIn));
    return new Parameter(rng.uniform(n, -bound, bound), n);
  }

  /** Normal numbers of mean 0. */
  public static Parameter normal(Rng rng, float std, int... shape) {
    return drawn(n -> rng.normal(n, 0, std), Shape.of(shape));
  }

  /** Block by block: an array as large as a large table would stay on the heap for long. */
  private static Parameter drawn(IntFunction<float[]> draw, Shape shape) {
    Storage values = Storage.allocate(DType.FLOAT32, shape.elements());
    int n = shape.size();
    for (int at = 0; at < n; at += BLOCK) {
      values.setFloats(at, draw.apply(Math.min(BLOCK, n - at)));
    }
    return new Parameter(values, shape);
  }

  /** The same number everywhere. */
  public static Parameter constant(float value, int... shape) {
    float[] v = new float[Shape.of(shape).size()];
    java.util.Arrays.fill(v, value);
    return new Parameter(v, shape);
  }
}
