package dev.peft4j.transformers;

import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Layer;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** One layer of a decoder: attention and the feed-forward block, one after the other or beside. */
public final class DecoderLayer extends NamedParts {
  private final DecoderStyle style;
  private final DecoderAttention attention;
  private final DecoderMlp mlp;
  private final @Nullable Layer attentionNorm;
  private final @Nullable Layer attentionResultNorm;
  private final @Nullable Layer mlpNorm;
  private final @Nullable Layer mlpResultNorm;
  private final Dropout dropout;

  private final int styleIndex;

  DecoderLayer(DecoderConfig config, int layer, Init init) {
    this(config, layer, layer, init);
  }

  /**
   * Creates a layer at another place than it has its style of.
   *
   * @param styleIndex the place whose style it has
   * @param layer its place, which is that of its keys and values in a cache
   */
  DecoderLayer(DecoderConfig config, int styleIndex, int layer, Init init) {
    this.style = config.style();
    this.styleIndex = styleIndex;
    this.attention =
        part(
            style.name(DecoderPart.ATTENTION),
            new DecoderAttention(config, style.layer(styleIndex), layer, init));
    this.mlp = part(style.name(DecoderPart.MLP), new DecoderMlp(config, init));
    int hidden = config.hiddenSize();
    this.attentionNorm = norm(DecoderPart.ATTENTION_NORM, hidden);
    this.attentionResultNorm = norm(DecoderPart.ATTENTION_RESULT_NORM, hidden);
    this.mlpNorm = norm(DecoderPart.MLP_NORM, hidden);
    this.mlpResultNorm = norm(DecoderPart.MLP_RESULT_NORM, hidden);
    this.dropout = dropout(config.residualDropout());
    order(style.order());
  }

  private @Nullable Layer norm(DecoderPart part, int hidden) {
    return style.norms().contains(part)
        ? norm(style.name(part), style.norm(), hidden, style.normEps())
        : null;
  }

  private static Tensor normed(@Nullable Layer norm, Tensor x) {
    return norm == null ? x : norm.forward(x);
  }

  Tensor forward(Tensor x, DecoderCall call) {
    Tensor read = normed(attentionNorm, x);
    Tensor attended = normed(attentionResultNorm, attention.forward(read, call));
    if (style.parallel()) {
      Tensor beside = mlp.forward(mlpNorm == null ? read : mlpNorm.forward(x));
      return dropped(normed(mlpResultNorm, beside)).add(dropped(attended)).add(x);
    }
    Tensor y = added(style.residualOfNorm() ? read : x, attended);
    Tensor readByMlp = normed(mlpNorm, y);
    Tensor result = normed(mlpResultNorm, mlp.forward(readByMlp));
    return added(style.residualOfNorm() ? readByMlp : y, result);
  }

  private Tensor added(Tensor x, Tensor result) {
    Tensor r = dropped(result);
    return x.add(style.residualScale() == 1 ? r : r.mul((float) style.residualScale()));
  }

  private Tensor dropped(Tensor x) {
    return dropout.p() == 0 || !training() ? x : dropout.forward(x);
  }

  /** Returns the place whose style it has. */
  int styleIndex() {
    return styleIndex;
  }

  /** Returns the attention. */
  public DecoderAttention attention() {
    return attention;
  }

  /** Returns the feed-forward block. */
  public DecoderMlp mlp() {
    return mlp;
  }
}
