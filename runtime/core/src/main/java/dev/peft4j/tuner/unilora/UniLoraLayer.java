package dev.peft4j.tuner.unilora;

import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.LinearAdapter;
import dev.peft4j.tuner.TunerContext;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@link UniLoraTuner} on one layer. */
final class UniLoraLayer extends LinearAdapter {
  private final UniLoraConfig config;
  private final Parameter theta;
  private final Buffer indicesA;
  private final Buffer indicesB;
  private final Buffer scalesA;
  private final Buffer scalesB;

  UniLoraLayer(String path, WeightedLayer layer, UniLoraConfig c, TunerContext context) {
    super(layer, c.dropout(), context.rng());
    this.config = c;
    int d = c.thetaLength();
    float bound = (float) c.thetaBound();
    this.theta =
        context.sharedParameter(
            "unilora_theta_d",
            () ->
                new Parameter(
                    c.initWeights()
                        ? context.rng().uniform(d, -bound, bound)
                        : context.rng().normal(d, 0, 1),
                    d));
    Deal deal = Deal.of(context, c.r(), d, c.seed());
    long[] all = deal.of(layer);
    int sizeOfA = c.r() * inputs();
    this.indicesA = integers(all, 0, c.r(), inputs());
    this.indicesB = integers(all, sizeOfA, out(), c.r());
    this.scalesA = deal.scales(all, 0, c.r(), inputs());
    this.scalesB = deal.scales(all, sizeOfA, out(), c.r());
  }

  private static Buffer integers(long[] all, int from, int rows, int columns) {
    long[] part = java.util.Arrays.copyOfRange(all, from, from + rows * columns);
    return new Buffer(Storage.of(part), Shape.of(rows, columns));
  }

  private Tensor matrix(Buffer indices, Buffer scales) {
    int[] shape = indices.shape().toArray();
    return theta.reshape(-1, 1).embedding(indices.reshape(-1)).reshape(shape).mul(scales);
  }

  @Override
  protected Tensor added(Tensor x) {
    return x.linear(matrix(indicesA, scalesA), null).linear(matrix(indicesB, scalesB), null);
  }

  @Override
  protected Tensor delta() {
    return matrix(indicesB, scalesB).matmul(matrix(indicesA, scalesA));
  }

  @Override
  public int rank() {
    return config.r();
  }

  @Override
  public @Nullable String problem() {
    for (Buffer indices : List.of(indicesA, indicesB)) {
      for (long i : indices.own().toLongs()) {
        if (i < 0 || i >= theta.dim(0)) {
          return "an index of the weight '"
              + layer().weight().name()
              + "' is "
              + i
              + ", but unilora_theta_d has only "
              + theta.dim(0)
              + " numbers";
        }
      }
    }
    return null;
  }

  @Override
  public List<Entry> parameters() {
    return List.of(Entry.shared("unilora_theta_d", theta));
  }

  @Override
  public List<Constant> constants() {
    return config.saveIndices()
        ? List.of(
            new Constant("unilora_indices_A", "", indicesA, false),
            new Constant("unilora_indices_B", "", indicesB, false),
            new Constant("unilora_scales_A", "", scalesA, false),
            new Constant("unilora_scales_B", "", scalesB, false))
        : List.of();
  }
}
