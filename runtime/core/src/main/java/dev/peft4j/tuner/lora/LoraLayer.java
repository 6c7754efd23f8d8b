package dev.peft4j.tuner.lora;

import dev.peft4j.annotation.Init;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * {@link LoraTuner} on one layer: W·x + b + s·(B·A·drop(x) + c), where c is there with {@code
 * lora_bias} only.
 *
 * <p>An adapter that starts from a part A₀, B₀ of the weight (PiSSA, OLoRA) works on W − s·B₀·A₀.
 * The weight itself stays: the part is kept beside it and taken off.
 *
 * <p>DoRA (Liu et al. 2024) makes it b + (m / n) ⊙ (W + s·B·A)·x, n being the norm of W + s·B·A for
 * each output. The norm follows A and B but is a constant to the gradient, as section 4.3 of the
 * paper has it.
 */
final class LoraLayer implements TunerLayer, LowRank {
  private final String path;
  private final LoraKind kind;
  private final LoraConfig config;
  private final double dropout;
  private final Rng rng;
  private final float scale;
  private final Parameter a;
  private final Parameter b;
  private final @Nullable Parameter bias;
  private @Nullable Tensor startA;
  private @Nullable Tensor startB;
  private final @Nullable Parameter magnitude;
  private final @Nullable LoraWay way;

  private boolean hasTwin;

  /** What stands for the base's weight, if the adapter's file has one. */
  private @Nullable Parameter given;

  LoraLayer(String path, LoraKind kind, LoraConfig config, TunerContext context) {
    Rng rng = context.rng();
    this.path = path;
    this.kind = kind;
    this.config = config;
    this.scale = (float) config.scaleOf(path);
    LoraStart start = LoraStart.of(path, kind, config, rng);
    this.dropout = dropout(kind, config);
    this.rng = dropout == 0 ? rng : rng.split();
    this.way = LoraWay.of(path, kind, config, context);
    this.a = way == null ? start.a() : way.firstA(start.a(), rng);
    this.b = way == null ? start.b() : way.firstB(start.b());
    this.bias = start.bias();
    this.startA = start.fromWeight() ? Tensor.of(a.own().copy(), a.shape()) : null;
    this.startB = start.fromWeight() ? Tensor.of(b.own().copy(), b.shape()) : null;
    LoraWay.Part part = way == null ? null : way.takenOff();
    if (part != null) {
      this.startA = Tensor.of(part.a(), part.r(), part.a().length / part.r()).div(scale);
      this.startB = Tensor.of(part.b(), part.b().length / part.r(), part.r());
    }
    this.magnitude = config.dora() ? firstMagnitude() : null;
  }

  /** The adapter of a head whose A and B are Bᵀ and Aᵀ of its embedding's. */
  private LoraLayer(String path, LoraConfig config, Linear head, LoraLayer embedding) {
    this.path = path;
    this.kind = new LoraKind.OfLinear(head);
    this.config = config;
    this.scale = embedding.scale;
    this.dropout = dropout(kind, config);
    this.rng = embedding.rng.split();
    this.a = turned(embedding.b);
    this.b = turned(embedding.a);
    this.bias = null;
    this.way = null;
    this.magnitude = null;
    this.hasTwin = true;
  }

  private static Parameter turned(Parameter p) {
    Parameter turned =
        new Parameter(p.ownTensor().transpose(0, 1).storage(), Shape.of(p.dim(1), p.dim(0)));
    turned.variable().transposeOf(p.variable());
    return turned;
  }

  /** The same adapter in another layer, of a kind that takes the same A and B. */
  private LoraLayer(LoraLayer carrier, LoraKind kind) {
    this.path = carrier.path;
    this.kind = kind;
    this.config = carrier.config;
    this.scale = carrier.scale;
    this.dropout = dropout(kind, config);
    this.rng = dropout == 0 ? carrier.rng : carrier.rng.split();
    this.a = carrier.a;
    this.b = carrier.b;
    this.bias = null;
    this.startA = carrier.startA;
    this.startB = carrier.startB;
    this.way = null;
    this.magnitude = null;
  }

  /** An embedding's input are ids, of which nothing can be dropped; peft passes it over too. */
  private static double dropout(LoraKind kind, LoraConfig config) {
    return kind.layer() instanceof Embedding ? 0 : config.dropout();
  }

  private Parameter firstMagnitude() {
    Tensor norm = norm();
    return new Parameter(norm.storage(), norm.shape());
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    Tensor result = withoutStart(base.apply(x), x);
    boolean drops = dropout > 0 && kind.layer().training();
    Tensor in = drops ? dropped(x) : x;
    Tensor update = way == null ? kind.apply(in, a, b, bias).mul(scale) : update(way, in);
    if (magnitude == null) {
      return result.add(update);
    }
    Tensor factor = kind.overResult(magnitude.div(norm().detach()));
    Tensor plain = drops ? withoutStart(kind.plain(in), in) : withoutBias(result);
    return result.add(factor.sub(1).mul(plain)).add(factor.mul(update));
  }

  private Tensor update(LoraWay how, Tensor in) {
    Tensor whole = how.update(in);
    return whole != null ? whole : how.acting(how.inner(in, a).linear(how.b(b), bias).mul(scale));
  }

  private Tensor dropped(Tensor x) {
    return dropout == 1
        ? x.mul(0)
        : x.dropout(
            (float) dropout, Tensor.of(new long[] {kind.layer().generator(rng).nextLong()}));
  }

  private Tensor withoutStart(Tensor y, Tensor x) {
    return startA == null || startB == null
        ? y
        : y.sub(kind.apply(x, startA, startB, null).mul(scale));
  }

  private Tensor withoutBias(Tensor y) {
    Parameter baseBias = kind.bias();
    if (baseBias == null) {
      return y;
    }
    int[] ones = new int[y.shape().rank() - channel(y)];
    java.util.Arrays.fill(ones, 1);
    ones[0] = -1;
    return y.sub(baseBias.reshape(ones));
  }

  /** The axis of the outputs in the layer's result: the last, but for convolutions. */
  private int channel(Tensor y) {
    return kind.weight().shape().rank() > 2 ? 1 : y.shape().rank() - 1;
  }

  /** W + s·B·A for a weight W, without the part that the adapter started from. */
  private Tensor adapted(Tensor weight) {
    Tensor delta = way == null ? kind.delta(a, b) : kind.delta(way.a(a), way.b(b));
    Tensor w = weight.add(delta.mul(scale));
    return startA == null || startB == null ? w : w.sub(kind.delta(startA, startB).mul(scale));
  }

  /**
   * The norm for each output; of the base's own weight, whatever other adapters are merged into
   * what stands for it.
   */
  private Tensor norm() {
    return kind.norm(adapted((given == null ? kind.weight() : given).ownTensor()));
  }

  /** A weight that comes with the adapter is taken as it is: nothing has to be taken off it. */
  @Override
  public void baseGiven(Parameter original, Parameter value) {
    if (original == kind.weight()) {
      given = value;
      startA = null;
      startB = null;
    }
  }

  @Override
  public void rebased(TunerLayer again) {
    if (given == null && again instanceof LoraLayer now) {
      startA = now.startA;
      startB = now.startB;
    }
  }

  @Override
  public boolean keepsOfBase() {
    return startA != null;
  }

  @Override
  public int rank() {
    return a.dim(0);
  }

  @Override
  public @Nullable String problem() {
    if (magnitude == null) {
      return null;
    }
    float[] norms = norm().toFloats();
    for (int i = 0; i < norms.length; i++) {
      if (norms[i] == 0) {
        return "DoRA divides by the norm of the weight for each output, and that of output "
            + i
            + " of '"
            + path
            + ".weight' is 0: exclude the layer, or train it without DoRA";
      }
    }
    return null;
  }

  @Override
  public Parameter a() {
    return a;
  }

  @Override
  public Parameter b() {
    return b;
  }

  @Override
  public float scale() {
    return scale;
  }

  @Override
  public List<Entry> parameters() {
    List<Entry> all = new ArrayList<>();
    if (kind.layer() instanceof Embedding) {
      all.add(new Entry("lora_embedding_A", "", a));
      all.add(new Entry("lora_embedding_B", "", b));
    } else {
      all.add(new Entry("lora_A", "weight", a));
      all.add(
          config.init() == Init.MICA
              ? Entry.frozen("lora_B", "weight", b, true)
              : new Entry("lora_B", "weight", b));
    }
    if (bias != null) {
      all.add(new Entry("lora_B", "bias", bias));
    }
    if (magnitude != null) {
      all.add(
          new Entry(
              "lora_magnitude_vector",
              "weight",
              "",
              magnitude)); // in the file it is called by the group alone
    }
    if (way != null) {
      all.addAll(way.entries());
    }
    return all;
  }

  @Override
  public boolean isOptional(Entry entry) {
    return entry.group().equals(MonteClora.SAMPLER);
  }

  @Override
  public List<Constant> constants() {
    return way == null ? List.of() : way.constants();
  }

  /** What is different from plain LoRA, or null. */
  @Nullable LoraWay way() {
    return way;
  }

  @Override
  public List<Rng> generators() {
    List<Rng> all = new ArrayList<>(way == null ? List.of() : way.generators());
    if (dropout != 0) {
      all.addFirst(rng);
    }
    return all;
  }

  @Override
  public Map<Parameter, Tensor> merged() {
    if (way != null && !way.merges()) {
      throw new IllegalStateException(
          "the adapter of '" + path + "' does not act on all tokens alike, so it cannot be merged");
    }
    if (!kind.merges()) {
      throw new IllegalStateException(
          "the adapter of '"
              + path
              + "' joins what the groups of the convolution keep apart, so it cannot be merged");
    }
    Map<Parameter, Tensor> merged = new LinkedHashMap<>();
    Tensor w = adapted(kind.weight());
    merged.put(
        kind.weight(), magnitude == null ? w : w.mul(kind.overWeight(magnitude.div(norm()))));
    if (bias != null) {
      Parameter baseBias = kind.bias();
      if (baseBias == null) {
        throw new IllegalStateException(
            "the adapter of '"
                + path
                + "' has a bias (lora_bias) and the layer has none, so it cannot be merged");
      }
      merged.put(baseBias, baseBias.add(bias.mul(scale)));
    }
    return merged;
  }

  /** As peft has it if weight tying is asked for: with parameters of its own that are the same. */
  @Override
  public @Nullable TunerLayer twin(Module other) {
    if (!config.hasTwins()
        || !(kind.layer() instanceof Embedding)
        || !(other instanceof Linear head)
        || head.weight() != kind.weight()
        || magnitude != null) {
      return null;
    }
    LoraLayer twin = new LoraLayer(path, config, head, this);
    hasTwin = true;
    return twin;
  }

  @Override
  public boolean isTwin() {
    return a.variable().transposed() != null && !(kind.layer() instanceof Embedding);
  }

  @Override
  public boolean isSavedWithBase() {
    return hasTwin;
  }

  @Override
  public @Nullable TunerLayer tied(Module other) {
    LoraKind same = LoraKind.of(other);
    if (!config.tiesWeights()
        || bias != null
        || magnitude != null
        || way != null
        || same == null
        || same.weight() != kind.weight()) {
      return null; // what belongs to the outputs of one layer only cannot be shared
    }
    if (kind.layer() instanceof Embedding && other instanceof Linear head) {
      return new LoraLayer(this, new LoraKind.OfTiedHead(head));
    }
    return same.getClass() == kind.getClass() ? new LoraLayer(this, same) : null;
  }

  @Override
  public List<Part> parts() {
    return LoraText.parts(kind, config.dropout(), a, b, bias != null, magnitude != null);
  }
}
