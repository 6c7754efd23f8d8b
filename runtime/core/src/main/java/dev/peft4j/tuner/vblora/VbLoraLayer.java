package dev.peft4j.tuner.vblora;

import dev.peft4j.data.Shape;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.LinearAdapter;
import dev.peft4j.tuner.TunerContext;
import java.util.List;

/** {@link VbLoraTuner} on one layer. */
final class VbLoraLayer extends LinearAdapter {
  private final VbLoraConfig config;
  private final Parameter bank;
  private final Parameter logitsA;
  private final Parameter logitsB;

  VbLoraLayer(String path, WeightedLayer layer, VbLoraConfig c, TunerContext context) {
    super(layer, c.dropout(), context.rng());
    this.config = c;
    int length = c.vectorLength();
    requireWhole(path, "inputs", inputs(), length);
    requireWhole(path, "outputs", out(), length);
    float bound = (float) c.vectorBankBound();
    int h = c.vectors();
    this.bank =
        context.sharedParameter(
            "vblora_vector_bank",
            () -> new Parameter(context.rng().uniform(h * length, -bound, bound), h, length));
    float std = (float) c.logitsStd();
    this.logitsA = Initial.normal(context.rng(), std, c.r(), inputs() / length, h);
    this.logitsB = Initial.normal(context.rng(), std, out() / length, c.r(), h);
  }

  private static void requireWhole(String path, String what, int size, int length) {
    if (size % length != 0) {
      throw new IllegalArgumentException(
          "'"
              + path
              + "' has "
              + size
              + " "
              + what
              + ", which vectors of "
              + length
              + " do not divide; set the vector length to a divisor");
    }
  }

  /** Sums of the chosen vectors for each place: (…, h) gives (…, length). */
  private Tensor mixed(Parameter logits) {
    Tensor chosen = TopVectors.of(logits, config.topk());
    Tensor weights = logits.gather(-1, chosen).softmax(-1);
    Shape places = weights.shape();
    int[] shape = places.with(places.rank() - 1, bank.dim(1)).toArray();
    int k = config.topk();
    Tensor vectors = bank.embedding(chosen.reshape(-1)).reshape(-1, k, bank.dim(1));
    return weights.reshape(-1, 1, k).matmul(vectors).reshape(shape);
  }

  private Tensor a() {
    return mixed(logitsA).reshape(config.r(), inputs());
  }

  private Tensor b() {
    return mixed(logitsB).transpose(1, 2).reshape(out(), config.r());
  }

  @Override
  protected Tensor added(Tensor x) {
    if (layer().training()) {
      TopVectors.requireTrainable(logitsA);
    }
    return x.linear(a(), null).linear(b(), null);
  }

  @Override
  protected Tensor delta() {
    return b().matmul(a());
  }

  @Override
  public int rank() {
    return config.r();
  }

  @Override
  public List<Entry> parameters() {
    return List.of(
        new Entry("vblora_logits_A", "", logitsA),
        new Entry("vblora_logits_B", "", logitsB),
        Entry.shared("vblora_vector_bank", bank));
  }
}
