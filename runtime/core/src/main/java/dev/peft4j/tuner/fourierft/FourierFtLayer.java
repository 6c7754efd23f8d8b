package dev.peft4j.tuner.fourierft;

import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.random.TorchGenerator;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.LinearAdapter;
import dev.peft4j.tuner.PatternMap;
import dev.peft4j.tuner.SparsePlaces;
import dev.peft4j.tuner.TunerContext;
import java.util.List;

/**
 * {@link FourierFtTuner} on one layer. The real part of the inverse transform is a sum over the
 * frequencies, which is computed as a product of thin matrices ({@link ThinWaves}) if there are
 * few, and else by all waves of each size ({@link WholeWaves}).
 */
final class FourierFtLayer extends LinearAdapter {
  private final Transform transform;
  private final Parameter spectrum;
  private final float scale;

  /** The inverse transform, times the number of places. */
  interface Transform {
    /** Returns x times the transposed transform of the spectrum. */
    Tensor times(Tensor x, Tensor spectrum);

    /** Returns the transform (out, in). */
    Tensor matrix(Tensor spectrum);
  }

  FourierFtLayer(String path, WeightedLayer layer, FourierFtConfig c, TunerContext context) {
    super(layer, 0, context.rng());
    int n = PatternMap.of(c.frequencyPattern()).valueFor(path, c.frequencies());
    int[] drawn = SparsePlaces.drawn(path, out(), inputs(), n, new TorchGenerator(c.seed()));
    long in = inputs();
    long out = out();
    this.transform =
        n * (in + out) <= in * in + out * out
            ? new ThinWaves(context, drawn, out(), inputs(), c.seed())
            : new WholeWaves(context, drawn, out(), inputs());
    this.spectrum = c.initWeights() ? Initial.constant(0, n) : Initial.normal(context.rng(), 1, n);
    this.scale = (float) (c.scaling() / ((double) out() * inputs()));
  }

  @Override
  protected Tensor added(Tensor x) {
    return transform.times(x, spectrum).mul(scale);
  }

  @Override
  protected Tensor delta() {
    return transform.matrix(spectrum).mul(scale);
  }

  @Override
  public List<Entry> parameters() {
    return List.of(new Entry("fourierft_spectrum", "", spectrum));
  }
}
