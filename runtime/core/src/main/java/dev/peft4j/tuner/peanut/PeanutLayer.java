package dev.peft4j.tuner.peanut;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.LinearAdapter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** {@link PeanutTuner} on one layer. */
final class PeanutLayer extends LinearAdapter {
  private final PeanutConfig config;
  private final UnaryOperator<Tensor> activation;
  private final Parameter a;
  private final Parameter b;
  private final List<Parameter> encoders = new ArrayList<>();
  private final List<Parameter> decoders = new ArrayList<>();

  PeanutLayer(Linear layer, PeanutConfig config, Rng rng) {
    super(layer, 0, rng);
    this.config = config;
    this.activation = PeanutActivation.of(config.activation());
    int r = config.r();
    int out = layer.outFeatures();
    this.a = Initial.kaimingUniform(rng, r, out);
    for (int i = 0; i < config.depth(); i++) {
      encoders.add(Initial.kaimingUniform(rng, r, r));
    }
    for (int i = 0; i < config.depth(); i++) {
      decoders.add(Initial.kaimingUniform(rng, r, r));
    }
    this.b =
        config.initWeights() ? Initial.constant(0, out, r) : Initial.kaimingUniform(rng, out, r);
  }

  /** The network's last hidden values for each input of the layer: (in, r). */
  private Tensor hidden() {
    Tensor h = activation.apply(layer().weight().transpose(0, 1).linear(a, null));
    List<Tensor> kept = new ArrayList<>();
    for (Parameter e : encoders) {
      kept.add(h);
      h = activation.apply(h.linear(e, null));
    }
    for (Parameter d : decoders) {
      h = activation.apply(h.linear(d, null)).add(kept.removeLast());
    }
    return h;
  }

  @Override
  protected Tensor added(Tensor x) {
    Tensor h = hidden();
    int[] shape = x.shape().toArray();
    shape[shape.length - 1] = h.dim(1);
    Tensor inner = x.reshape(-1, x.dim(-1)).matmul(h).reshape(shape);
    return inner.linear(b, null).mul((float) config.scaling());
  }

  @Override
  public int rank() {
    return config.r();
  }

  @Override
  public List<Entry> parameters() {
    List<Entry> all = new ArrayList<>();
    all.add(new Entry("peanut_A", "weight", a));
    all.add(new Entry("peanut_B", "weight", b));
    for (int i = 0; i < encoders.size(); i++) {
      all.add(new Entry("peanut_encoders", i + ".weight", encoders.get(i)));
    }
    for (int i = 0; i < decoders.size(); i++) {
      all.add(new Entry("peanut_decoders", i + ".weight", decoders.get(i)));
    }
    return all;
  }

  @Override
  protected Tensor delta() {
    return b.matmul(hidden().transpose(0, 1)).mul((float) config.scaling());
  }
}
