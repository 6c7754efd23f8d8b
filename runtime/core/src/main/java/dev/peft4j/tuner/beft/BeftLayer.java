package dev.peft4j.tuner.beft;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerLayer;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** {@link BeftTuner} on one layer. */
final class BeftLayer implements TunerLayer {
  private final Linear layer;
  private final Parameter beta;

  BeftLayer(Linear layer, BeftConfig c, Rng rng) {
    this.layer = layer;
    int out = layer.outFeatures();
    this.beta = c.initWeights() ? Initial.constant(0, 1, out) : Initial.normal(rng, 1, 1, out);
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    return base.apply(x).add(beta.reshape(-1));
  }

  @Override
  public List<Entry> parameters() {
    return List.of(new Entry("beft_bias", "", beta));
  }

  /**
   * Returns the bias with the adapter's.
   *
   * @throws IllegalStateException if the layer has none
   */
  @Override
  public Map<Parameter, Tensor> merged() {
    Parameter bias = layer.bias();
    if (bias == null) {
      throw new IllegalStateException(
          "the layer of weight '"
              + layer.weight().name()
              + "' has no bias into which BEFT's could be merged");
    }
    return Map.of(bias, bias.add(beta.reshape(-1)));
  }
}
