package dev.peft4j.tuner;

import dev.peft4j.data.DType;
import dev.peft4j.graph.Node;
import dev.peft4j.nn.AdapterSlot;
import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.nn.Overlay;
import dev.peft4j.nn.OverlaySource;
import dev.peft4j.nn.Overlays;
import dev.peft4j.nn.Parameter;
import dev.peft4j.op.KeepSamples;
import dev.peft4j.op.Pointwise;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One adapter, or none, for each sample of a batch: a layer's own result is computed once for all,
 * what an adapter adds to it for the adapter's samples alone where that is a product ({@link
 * KeepSamples}), and each sample's rows are taken from its own adapter's result. Which samples
 * those are is data, so that the same adapters in another order run the same program.
 */
final class PerSampleOverlay implements Overlay {
  /** The samples of one adapter, or of the base: 1 where a sample is one of them. */
  private record Group(@Nullable AttachedAdapter adapter, AdapterOverlay acting, Tensor samples) {}

  /** Stands for the base model, without an adapter. */
  static final String BASE = "__base__";

  private final OverlaySource owner;
  private final int batch;
  private final AdapterOverlay base;
  private final List<Group> groups = new ArrayList<>();

  /**
   * The adapters by sample.
   *
   * @param merged weights of the model that the adapters are of; none of them are used
   * @param adapters for each sample; null stands for the base
   */
  PerSampleOverlay(
      OverlaySource owner,
      MergedWeights merged,
      List<? extends @Nullable AttachedAdapter> adapters,
      List<AttachedAdapter> inOrder) {
    this.owner = owner;
    MergedWeights none = merged.none();
    this.batch = adapters.size();
    this.base = new AdapterOverlay(List.of(), none);
    SequencedMap<AttachedAdapter, float[]> masks = new LinkedHashMap<>();
    for (AttachedAdapter a : adapters) {
      if (a != null && a.tuner().fillsSlots()) {
        throw new IllegalArgumentException(
            "adapter '"
                + a.name()
                + "' of type "
                + a.config().peftType()
                + " changes the whole model, so it cannot be chosen for single samples: run the"
                + " samples of each adapter on their own");
      }
    }
    for (AttachedAdapter a : inOrder) {
      if (adapters.contains(a)) {
        masks.put(a, new float[batch]);
      }
    }
    for (int i = 0; i < batch; i++) {
      AttachedAdapter a = adapters.get(i);
      float[] mask = a == null ? null : masks.get(a);
      if (mask != null) {
        mask[i] = 1;
      }
    }
    masks.forEach(
        (a, mask) ->
            groups.add(new Group(a, new AdapterOverlay(List.of(a), none), Tensor.of(mask))));
  }

  /** The adapters that occur. */
  List<AttachedAdapter> adapters() {
    List<AttachedAdapter> all = new ArrayList<>();
    groups.forEach(g -> all.addAll(g.acting.adapters()));
    return all;
  }

  @Override
  public Tensor apply(AdapterSlot slot, Tensor x, UnaryOperator<Tensor> layer) {
    List<Group> touching =
        groups.stream().filter(g -> g.adapter != null && g.adapter.touches(slot)).toList();
    if (touching.isEmpty()) {
      return layer.apply(x); // what is inside, such as a block's layers, may have adapters
    }
    Noting noting = new Noting(base);
    Tensor plain = Overlays.with(owner, noting, () -> layer.apply(x));
    if (plain.shape().rank() == 0 || plain.dim(0) != batch) {
      throw new IllegalArgumentException(
          "adapters were chosen for "
              + batch
              + " samples, but a layer's result has shape "
              + plain.shape()
              + ": the first dimension must be the batch of "
              + batch
              + " samples");
    }
    int[] column = new int[plain.shape().rank()];
    Arrays.fill(column, 1);
    column[0] = batch;
    boolean alone =
        !noting.inside && x.dtype() == DType.FLOAT32 && x.shape().rank() > 0 && x.dim(0) == batch;
    Tensor y = plain;
    for (Group g : touching) {
      boolean own = alone && g.adapter != null && !g.adapter.copies(slot);
      Tensor theirs =
          Overlays.with(
              owner,
              g.acting,
              () -> own ? ofOwn(g, slot, x, plain, layer) : g.acting.apply(slot, x, layer));
      Node mask = g.samples.reshape(column).node();
      y = Tensor.of(Node.of(Pointwise.MASKED_FILL, y.node(), mask, theirs.node()));
    }
    return y;
  }

  /**
   * A layer's result with a group's adapter, right for the group's samples.
   *
   * @param plain the layer's own result for {@code x}
   */
  private static Tensor ofOwn(
      Group g, AdapterSlot slot, Tensor x, Tensor plain, UnaryOperator<Tensor> layer) {
    Tensor own = Tensor.of(KeepSamples.of(x.node(), g.samples.node()));
    return g.acting.apply(slot, own, in -> in.node() == own.node() ? plain : layer.apply(in));
  }

  /** The base, which notes whether a layer has others inside that adapters may act on. */
  private static final class Noting implements Overlay {
    private final AdapterOverlay base;
    private boolean inside;

    Noting(AdapterOverlay base) {
      this.base = base;
    }

    @Override
    public Tensor apply(AdapterSlot slot, Tensor x, UnaryOperator<Tensor> layer) {
      inside = true;
      return base.apply(slot, x, layer);
    }

    @Override
    public Parameter of(Parameter p) {
      return base.of(p);
    }

    @Override
    public @Nullable Tensor valueOf(Parameter p) {
      return base.valueOf(p);
    }

    @Override
    public Buffer of(Buffer b) {
      return base.of(b);
    }

    @Override
    public @Nullable Object key() {
      return base.key();
    }
  }

  @Override
  public Parameter of(Parameter p) {
    for (Group g : groups) {
      if (g.acting.of(p) != p || g.acting.valueOf(p) != null) {
        throw differs(p, g);
      }
    }
    return p;
  }

  @Override
  public Buffer of(Buffer b) {
    for (Group g : groups) {
      if (g.acting.of(b) != b) {
        throw differs(b, g);
      }
    }
    return b;
  }

  private static IllegalStateException differs(ModuleTensor t, Group g) {
    return new IllegalStateException(
        "'"
            + t.name()
            + "' is not the same for all samples, adapter '"
            + g.acting.adapters().getFirst().name()
            + "' has a copy or an adapter of it, and it is used outside of the layers that can tell"
            + " samples apart: Linear, Embedding and convolutions. Run the samples of each adapter"
            + " on their own");
  }

  /** Names of adapters by sample, to adapters. */
  static List<@Nullable AttachedAdapter> resolve(
      List<String> names, Map<String, AttachedAdapter> adapters) {
    List<@Nullable AttachedAdapter> found = new ArrayList<>();
    for (String n : names) {
      AttachedAdapter a = adapters.get(n);
      if (a == null && !n.equals(BASE)) {
        throw new IllegalArgumentException(
            "no adapter named '"
                + n
                + "'; there are "
                + adapters.keySet()
                + ", and '"
                + BASE
                + "' for the base model");
      }
      found.add(a);
    }
    return found;
  }
}
