package dev.peft4j.tuner.waveft;

import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.random.TorchGenerator;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.LinearAdapter;
import dev.peft4j.tuner.PatternMap;
import dev.peft4j.tuner.SparsePlaces;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.Weights;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@link WaveFtTuner} on one layer: ΔW = scaling · M_out · D · M_inᵀ, where M of a size holds the
 * low and the high filter at every second place, or, without the transform, ΔW = scaling · D.
 */
final class WaveFtLayer extends LinearAdapter {
  private static final float SMALL = 0.01f;

  private final SparsePlaces places;
  private final Parameter spectrum;
  private final @Nullable Spread spread;
  private final @Nullable Buffer ofOutputs;
  private final @Nullable Buffer ofInputs;
  private final float scale;

  WaveFtLayer(String path, WeightedLayer layer, WaveFtConfig c, TunerContext context) {
    super(layer, 0, context.rng());
    int n = count(path, c, context);
    int[] drawn = SparsePlaces.drawn(path, out(), inputs(), n, new TorchGenerator(c.seed()));
    if (c.useIdwt()) {
      Synthesis rows = new Synthesis(c.wavelet(), out());
      Synthesis columns = new Synthesis(c.wavelet(), inputs());
      long[] rowsOf = new long[n];
      long[] columnsOf = new long[n];
      intoQuarters(drawn, rows, columns, rowsOf, columnsOf);
      this.places = new SparsePlaces(rowsOf, columnsOf, rows.padded(), columns.padded());
      this.spread = Spread.of(rowsOf, columnsOf, rows, columns, out(), inputs());
      boolean few = spread != null;
      this.ofOutputs = few ? null : context.sharedBuffer("synthesis of " + out(), rows::matrix);
      this.ofInputs =
          few ? null : context.sharedBuffer("synthesis of " + inputs(), columns::matrix);
    } else {
      this.places = SparsePlaces.of(drawn, out(), inputs());
      this.spread = null;
      this.ofOutputs = null;
      this.ofInputs = null;
    }
    this.spectrum =
        c.initWeights() ? Initial.constant(0, n) : Initial.normal(context.rng(), SMALL, n);
    this.scale = (float) c.scaling();
  }

  /** The number of coefficients: the pattern's, or a share by the layer's size. */
  private int count(String path, WaveFtConfig c, TunerContext context) {
    if (!c.proportional()) {
      return PatternMap.of(c.frequencyPattern()).valueFor(path, c.frequencies());
    }
    double all = 0;
    int layers = 0;
    for (NamedModule m : context.layers()) {
      WeightedLayer other = Weights.linear(m.module());
      if (other != null) {
        all += (double) Weights.inputs(other) * Weights.outputs(other);
        layers++;
      }
    }
    double share = (double) inputs() * out() / all;
    return (int) Math.max(1, Math.rint(share * (c.frequencies() * (double) layers)));
  }

  /**
   * The places within the padded matrix. Its upper right quarter takes the high filter along the
   * rows and its lower left one along the columns, so that they change places.
   */
  private void intoQuarters(int[] drawn, Synthesis rows, Synthesis columns, long[] r, long[] c) {
    int halfRows = rows.padded() / 2;
    int halfColumns = columns.padded() / 2;
    for (int i = 0; i < drawn.length; i++) {
      int row = drawn[i] / inputs() + rows.shift();
      int column = drawn[i] % inputs() + columns.shift();
      boolean low = row < halfRows;
      boolean left = column < halfColumns;
      r[i] = row % halfRows + (left ? 0 : halfRows);
      c[i] = column % halfColumns + (low ? 0 : halfColumns);
    }
  }

  @Override
  protected Tensor added(Tensor x) {
    if (spread != null) {
      return spread.times(x, spectrum).mul(scale);
    }
    if (ofOutputs == null || ofInputs == null) {
      return places.times(x, spectrum).mul(scale);
    }
    return places
        .times(x.linear(ofInputs.transpose(0, 1), null), spectrum)
        .linear(ofOutputs, null)
        .mul(scale);
  }

  @Override
  protected Tensor delta() {
    if (spread != null) {
      return spread.matrix(spectrum).mul(scale);
    }
    Tensor d = places.matrix(spectrum);
    return (ofOutputs == null || ofInputs == null
            ? d
            : ofOutputs.matmul(d).matmul(ofInputs.transpose(0, 1)))
        .mul(scale);
  }

  @Override
  public List<Entry> parameters() {
    return List.of(new Entry("waveft_spectrum", "", spectrum));
  }
}
