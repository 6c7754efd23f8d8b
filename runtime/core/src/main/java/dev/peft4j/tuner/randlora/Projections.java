package dev.peft4j.tuner.randlora;

import dev.peft4j.nn.Buffer;
import dev.peft4j.random.TorchGenerator;

/**
 * The random matrices that all layers share, divided by their standard deviation. They are drawn as
 * peft draws them: uniform ones as bfloat16.
 */
final class Projections {
  private static final double DENSE = 3;

  private final RandLoraConfig config;
  private final int smaller;
  private final int larger;
  private final int bases;
  private final TorchGenerator generator;

  Projections(RandLoraConfig config, int smaller, int larger, int bases) {
    this.config = config;
    this.smaller = smaller;
    this.larger = larger;
    this.bases = bases;
    this.generator = new TorchGenerator(config.projectionSeed());
  }

  private boolean sparse() {
    return config.sparse() || config.verySparse();
  }

  /** Returns A (r, 1, smaller), the first that is drawn. */
  Buffer a() {
    int r = config.r();
    int n = r * smaller;
    return new Buffer(
        sparse() ? ternary(n) : overDeviation(uniform(n, smaller), true), r, 1, smaller);
  }

  /** Returns B (larger, bases, r); uniform numbers are drawn base by base. */
  Buffer b() {
    int r = config.r();
    if (sparse()) {
      return new Buffer(ternary(larger * bases * r), larger, bases, r);
    }
    float[] all = new float[larger * bases * r];
    for (int base = 0; base < bases; base++) {
      float[] part = uniform(larger * r, r);
      for (int row = 0; row < larger; row++) {
        System.arraycopy(part, row * r, all, (row * bases + base) * r, r);
      }
    }
    return new Buffer(overDeviation(all, true), larger, bases, r);
  }

  private float[] uniform(int n, int fanIn) {
    double bound = 1 / Math.sqrt(fanIn);
    return generator.uniformBFloat16(n, -bound, bound);
  }

  /** -1, 0 and 1, where the share of each of the others is 1 / (2 · sparsity). */
  private float[] ternary(int n) {
    double sparsity = config.verySparse() ? Math.sqrt(smaller) : DENSE;
    float low = (float) (1 / (2 * sparsity));
    float high = (float) (1 - 1 / (2 * sparsity));
    float[] values = generator.uniform(n);
    for (int i = 0; i < n; i++) {
      values[i] = values[i] < low ? -1 : values[i] > high ? 1 : 0;
    }
    return overDeviation(values, false);
  }

  private static float[] overDeviation(float[] values, boolean bfloat16) {
    double mean = 0;
    for (float v : values) {
      mean += v;
    }
    mean /= values.length;
    double squares = 0;
    for (float v : values) {
      squares += (v - mean) * (v - mean);
    }
    float deviation = (float) Math.sqrt(squares / (values.length - 1));
    if (bfloat16) {
      deviation = TorchGenerator.toBFloat16(deviation);
    }
    for (int i = 0; i < values.length; i++) {
      float v = values[i] / deviation;
      values[i] = bfloat16 ? TorchGenerator.toBFloat16(v) : v;
    }
    return values;
  }
}
