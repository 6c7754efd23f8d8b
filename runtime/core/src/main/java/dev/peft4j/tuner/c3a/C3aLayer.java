package dev.peft4j.tuner.c3a;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.LinearAdapter;
import dev.peft4j.tuner.PatternMap;
import java.util.List;

/** {@link C3aTuner} on one layer. */
final class C3aLayer extends LinearAdapter {
  private static final double GLOROT = 6;

  private final Parameter kernel;
  private final Circulant circulant;

  C3aLayer(String path, Linear layer, C3aConfig c, Rng rng) {
    super(layer, 0, rng);
    int b = PatternMap.of(c.blockSizePattern()).valueFor(path, c.blockSize());
    requireWhole(path, "inputs", inputs(), b);
    requireWhole(path, "outputs", out(), b);
    int[] shape = {out() / b, inputs() / b, b};
    double bound =
        switch (c.start()) {
          case XAVIER_UNIFORM, RANDOM -> Math.sqrt(GLOROT / (inputs() + out()));
          case KAIMING_UNIFORM -> Math.sqrt(1.0 / inputs());
          case GAUSSIAN, ZERO -> 0;
        };
    this.kernel =
        switch (c.start()) {
          case GAUSSIAN -> Initial.normal(rng, 1, shape);
          case ZERO -> Initial.constant(0, shape);
          default ->
              new Parameter(
                  rng.uniform(out() / b * inputs(), (float) -bound, (float) bound), shape);
        };
    this.circulant = new Circulant(out() / b, inputs() / b, b);
  }

  private static void requireWhole(String path, String what, int size, int b) {
    if (size % b != 0) {
      throw new IllegalArgumentException(
          "'"
              + path
              + "' has "
              + size
              + " "
              + what
              + ", which blocks of "
              + b
              + " do not divide; set the block size to a divisor, for some layers with a pattern");
    }
  }

  /** The result with peft's gradient: w's is right, x's is that of the kernels read backwards. */
  @Override
  protected Tensor added(Tensor x) {
    float scale = 1f / inputs();
    Tensor y = circulant.times(x.detach(), kernel, false);
    Tensor ofX = circulant.times(x, kernel.detach(), true);
    return y.withGradientOf(y.add(ofX)).mul(scale);
  }

  @Override
  protected Tensor delta() {
    return circulant.matrix(kernel, false).mul(1f / inputs());
  }

  @Override
  public List<Entry> parameters() {
    return List.of(new Entry("c3a_kernel", "", kernel));
  }
}
