package dev.peft4j.tuner.oft;

import dev.peft4j.data.Storage;
import dev.peft4j.graph.Node;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.op.Fold;
import dev.peft4j.op.Unfold;
import dev.peft4j.op.Window;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.BlockRotation;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.Weights;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;

/** {@link OftTuner} on one layer: rotates what goes in, block by block. */
final class OftLayer implements TunerLayer {
  /** A bound is kept if it is met up to rounding, or each pass would change the last digits. */
  private static final double ROUNDING = 1e-6;

  private final WeightedLayer layer;
  private final OftConfig config;
  private final int blocks;
  private final BlockRotation rotation;
  private final Parameter r;
  private final Layers all;

  /** All layers of an adapter. */
  static final class Layers {
    private final List<OftLayer> layers = new CopyOnWriteArrayList<>();
  }

  /**
   * Creates the adapter of a layer.
   *
   * @param size of the blocks
   * @param count how many there are
   */
  OftLayer(WeightedLayer layer, OftConfig config, int size, int count, TunerContext context) {
    this.layer = layer;
    this.config = config;
    this.blocks = config.blockShare() ? 1 : count;
    this.rotation = new BlockRotation(size);
    int[] shape = {blocks, BlockRotation.elements(size)};
    this.r =
        config.initWeights()
            ? Initial.constant(0, shape)
            : Initial.normal(context.rng(), 0.1f, shape);
    this.all = context.common(Layers.class, Layers::new);
    all.layers.add(this);
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    if (config.coft() && layer.training()) {
      all.layers.forEach(OftLayer::constrain); // before a call has read the first of them
    }
    Tensor turn = turn();
    return switch (layer) {
      case Embedding e -> BlockRotation.rows(base.apply(x), turn);
      case Conv2d c -> base.apply(patches(x, turn, c.window()));
      default -> base.apply(BlockRotation.rows(x, turn));
    };
  }

  /**
   * The image of rotated patches, as peft makes it: at stride 1, with the axes of patches and
   * kernel mixed up on the way back, added up where they overlap. It is not the identity even
   * without a rotation, and not what merging gives; adapters are trained with it.
   */
  private static Tensor patches(Tensor x, Tensor turn, Window window) {
    Window each = new Window(window.kernelH(), window.kernelW(), 1, 1, 0, 0, 1, 1);
    int batch = x.dim(0);
    int channels = x.dim(1);
    int places = each.outH(x.dim(2)) * each.outW(x.dim(3));
    Tensor rows = Tensor.of(Node.of(new Unfold(each), x.node())).transpose(1, 2);
    Tensor turned =
        BlockRotation.rows(rows, turn)
            .reshape(
                batch,
                each.outH(x.dim(2)),
                each.outW(x.dim(3)),
                channels,
                each.kernelH(),
                each.kernelW())
            .permute(0, 3, 1, 2, 4, 5)
            .reshape(batch, channels * each.kernel(), places);
    return Tensor.of(Node.of(new Fold(each, x.shape()), turned.node()));
  }

  /** The matrices (blocks, n, n) that rows are multiplied by. */
  private Tensor turn() {
    Tensor q = rotation.skew(config.coft() && !layer.training() ? bounded() : r);
    return config.useCayleyNeumann()
        ? BlockRotation.neumann(q, config.neumannTerms())
        : BlockRotation.cayley(q);
  }

  private double bound() {
    return config.eps() / Math.sqrt(blocks);
  }

  /** The parameter with each block's norm at most at the bound. */
  private Tensor bounded() {
    float bound = (float) bound();
    Tensor norm = r.square().sumKeep(1).mul(2).sqrt(); // each element is there twice
    return r.mul(Tensor.full(bound, 1).div(norm.clampMin(bound)));
  }

  /** Writes the bounded values into the parameter, as peft does in each pass. */
  private void constrain() {
    double bound = bound();
    float[] v = r.own().toFloats();
    int each = r.dim(1);
    boolean changed = false;
    for (int b = 0; b < blocks; b++) {
      double sum = 0;
      for (int i = b * each; i < (b + 1) * each; i++) {
        sum += 2.0 * v[i] * v[i];
      }
      double norm = Math.sqrt(sum);
      if (norm > bound * (1 + ROUNDING)) {
        changed = true;
        for (int i = b * each; i < (b + 1) * each; i++) {
          v[i] = (float) (v[i] * bound / norm);
        }
      }
    }
    if (changed) {
      r.set(Storage.of(v));
    }
  }

  @Override
  public List<Entry> parameters() {
    return List.of(
        new Entry(layer instanceof Embedding ? "oft_embedding_R" : "oft_R", "weight", r));
  }

  @Override
  public Map<Parameter, Tensor> merged() {
    Tensor turn = turn();
    Tensor w = Weights.matrix(layer);
    Tensor turned =
        layer instanceof Embedding
            ? BlockRotation.rows(w, turn)
            : BlockRotation.rows(w, turn.transpose(1, 2));
    return Map.of(layer.weight(), Weights.likeWeight(layer, turned));
  }
}
