package dev.peft4j.transformers;

import dev.peft4j.nn.Layer;
import dev.peft4j.tensor.Tensor;

/** A decoder's projection to queries, keys and values, by three layers or one. */
interface Heads {
  /**
   * Queries, keys and values.
   *
   * @param query (batch, tokens, heads · d)
   * @param key (batch, tokens, kvHeads · d)
   * @param value like {@code key}
   */
  record Projected(Tensor query, Tensor key, Tensor value) {}

  /** Returns queries, keys and values of {@code x} (batch, tokens, hidden). */
  Projected project(Tensor x);

  /** Adds the layers to an attention, and returns its projection. */
  static Heads of(DecoderAttention attention, DecoderConfig config, Init init) {
    DecoderStyle style = config.style();
    int in = config.hiddenSize();
    int q = config.heads() * config.headDim();
    int kv = config.kvHeads() * config.headDim();
    boolean bias = style.projectionBias();
    if (style.projection() == Projection.SPLIT) {
      Layer query = attention.linear(DecoderPart.QUERY, in, q, bias, init);
      Layer key = attention.linear(DecoderPart.KEY, in, kv, bias, init);
      Layer value = attention.linear(DecoderPart.VALUE, in, kv, bias, init);
      return x -> new Projected(query.forward(x), key.forward(x), value.forward(x));
    }
    Layer all = attention.linear(DecoderPart.QUERY_KEY_VALUE, in, q + 2 * kv, bias, init);
    return style.projection() == Projection.BLOCKS
        ? x -> blocks(all.forward(x), q, kv)
        : x -> groups(all.forward(x), config);
  }

  private static Projected blocks(Tensor y, int q, int kv) {
    return new Projected(y.slice(2, 0, q), y.slice(2, q, q + kv), y.slice(2, q + kv, q + 2 * kv));
  }

  private static Projected groups(Tensor y, DecoderConfig config) {
    int batch = y.dim(0);
    int tokens = y.dim(1);
    int d = config.headDim();
    int groups = config.kvHeads();
    int each = config.heads() / groups;
    Tensor g = y.reshape(batch, tokens, groups, each + 2, d);
    return new Projected(
        g.slice(3, 0, each).reshape(batch, tokens, config.heads() * d),
        g.slice(3, each, each + 1).reshape(batch, tokens, groups * d),
        g.slice(3, each + 1, each + 2).reshape(batch, tokens, groups * d));
  }
}
