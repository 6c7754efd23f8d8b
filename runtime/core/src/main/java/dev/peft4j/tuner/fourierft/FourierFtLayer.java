package dev.peft4j.tuner.fourierft;

import dev.peft4j.nn.Buffer;
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
 * {@link FourierFtTuner} on one layer. The real part of the inverse transform is C_out · D · C_in -
 * S_out · D · S_in over out · in, with the matrices of cosines and sines of each size, which are
 * symmetric; layers of one size share them. For few rows of input these are multiplied one by one,
 * and ΔW is not made.
 */
final class FourierFtLayer extends LinearAdapter {
  private final SparsePlaces places;
  private final Parameter spectrum;
  private final Buffer cosIn;
  private final Buffer sinIn;
  private final Buffer cosOut;
  private final Buffer sinOut;
  private final float scale;

  FourierFtLayer(String path, WeightedLayer layer, FourierFtConfig c, TunerContext context) {
    super(layer, 0, context.rng());
    int n = PatternMap.of(c.frequencyPattern()).valueFor(path, c.frequencies());
    this.places =
        SparsePlaces.of(
            SparsePlaces.drawn(path, out(), inputs(), n, new TorchGenerator(c.seed())),
            out(),
            inputs());
    this.spectrum = c.initWeights() ? Initial.constant(0, n) : Initial.normal(context.rng(), 1, n);
    this.cosIn = Waves.cosines(context, inputs());
    this.sinIn = Waves.sines(context, inputs());
    this.cosOut = Waves.cosines(context, out());
    this.sinOut = Waves.sines(context, out());
    this.scale = (float) (c.scaling() / ((double) out() * inputs()));
  }

  @Override
  protected Tensor added(Tensor x) {
    long rows = x.shape().elements() / inputs();
    long eachRow = 2L * inputs() * inputs() + 2L * inputs() * out() + 2L * out() * out();
    long once = 2L * out() * inputs() * (inputs() + out());
    if (rows * eachRow > once + rows * inputs() * out()) {
      return x.linear(delta(), null);
    }
    Tensor d = places.matrix(spectrum);
    Tensor even = x.linear(cosIn, null).linear(d, null).linear(cosOut, null);
    Tensor odd = x.linear(sinIn, null).linear(d, null).linear(sinOut, null);
    return even.sub(odd).mul(scale);
  }

  @Override
  protected Tensor delta() {
    Tensor d = places.matrix(spectrum);
    return cosOut.matmul(d).matmul(cosIn).sub(sinOut.matmul(d).matmul(sinIn)).mul(scale);
  }

  @Override
  public List<Entry> parameters() {
    return List.of(new Entry("fourierft_spectrum", "", spectrum));
  }
}
