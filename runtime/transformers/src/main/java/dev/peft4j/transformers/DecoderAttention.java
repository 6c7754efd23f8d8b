package dev.peft4j.transformers;

import dev.peft4j.nn.AttentionSlot;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.KeyValueCache;
import dev.peft4j.nn.Layer;
import dev.peft4j.nn.ModelSlots;
import dev.peft4j.nn.Rotary;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.op.Attention;
import dev.peft4j.tensor.Tensor;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A decoder's attention: every token over itself and the tokens before it. */
public final class DecoderAttention extends NamedParts {
  private final DecoderConfig config;
  private final DecoderLayerStyle own;
  private final int layer;
  private final Attention attention;
  private final Heads heads;
  private final Layer output;
  private final @Nullable Layer queryNorm;
  private final @Nullable Layer keyNorm;
  private final Dropout dropout;
  private @Nullable AttentionSlot slot;

  DecoderAttention(DecoderConfig config, DecoderLayerStyle own, int layer, Init init) {
    this.config = config;
    this.layer = layer;
    DecoderStyle style = config.style();
    this.own = own;
    double s =
        style.attentionScale() == 0 ? 1 / Math.sqrt(config.headDim()) : style.attentionScale();
    this.attention =
        Attention.causal(
                config.heads(),
                config.kvHeads(),
                (float) (style.scaledByLayer() ? s / (layer + 1) : s))
            .within(own.window())
            .capped((float) style.softcap());
    this.heads = Heads.of(this, config, init);
    this.output =
        linear(
            DecoderPart.OUTPUT,
            config.heads() * config.headDim(),
            config.hiddenSize(),
            style.outputBias(),
            init);
    this.queryNorm = norm(DecoderPart.QUERY_NORM, config.heads());
    this.keyNorm = norm(DecoderPart.KEY_NORM, config.kvHeads());
    this.dropout = dropout(config.attentionDropout());
    order(style.order());
  }

  /** Adds the slot for adapters of the whole model. */
  void slot(ModelSlots slots, String path) {
    slot =
        slots.addAttention(
            layer,
            path,
            new AttentionSlot.Parts() {
              @Override
              public Tensor keys(Tensor states) {
                return heads.project(states).key();
              }

              @Override
              public Tensor values(Tensor states) {
                return heads.project(states).value();
              }

              @Override
              public Tensor output(Tensor context) {
                return output.forward(context);
              }
            });
  }

  WeightedLayer linear(DecoderPart part, int in, int out, boolean bias, Init init) {
    DecoderStyle style = config.style();
    return part(
        style.name(part),
        style.transposed() ? init.transposed(in, out, bias) : init.linear(in, out, bias));
  }

  private @Nullable Layer norm(DecoderPart part, int ofHeads) {
    DecoderStyle style = config.style();
    int d = config.headDim();
    return switch (style.qkNorm()) {
      case NONE -> null;
      case SHARED -> norm(style.name(part), style.norm(), d, style.normEps());
      case WHOLE -> norm(style.name(part), style.norm(), ofHeads * d, style.normEps());
      case LIST -> part(style.name(part), new HeadNorms(ofHeads, d, style.normEps()));
      case ROWS -> part(style.name(part), new RowsNorm(ofHeads, d, style.normEps()));
    };
  }

  Tensor forward(Tensor x, DecoderCall call) {
    Heads.Projected p = heads.project(x);
    Tensor q = turned(normed(p.query(), queryNorm, config.heads()), config.heads(), call);
    Tensor k = turned(normed(p.key(), keyNorm, config.kvHeads()), config.kvHeads(), call);
    Tensor v = p.value();
    UnaryOperator<Tensor> own = in -> output.forward(attend(in, k, v, call));
    return slot == null ? own.apply(q) : slot.apply(q, own);
  }

  /** Normalises queries or keys (batch, tokens, heads · d). */
  private Tensor normed(Tensor x, @Nullable Layer norm, int ofHeads) {
    if (norm == null) {
      return x;
    }
    if (config.style().qkNorm() == QkNorm.WHOLE) {
      return norm.forward(x);
    }
    Tensor split = x.reshape(x.dim(0), x.dim(1), ofHeads, config.headDim());
    return norm.forward(split).reshape(x.shape().toArray());
  }

  private Tensor turned(Tensor x, int ofHeads, DecoderCall call) {
    Rotary rotary = own.rotary();
    return rotary == null ? x : x.rotary(call.table(rotary), ofHeads, config.style().interleaved());
  }

  private Tensor attend(Tensor q, Tensor ownKeys, Tensor ownValues, DecoderCall call) {
    KeyValueCache cache = call.cache();
    Tensor prefix = call.prefix(layer);
    int width = ownKeys.dim(2);
    Tensor k = prefix == null ? ownKeys : Tensor.concat(1, prefix.slice(2, 0, width), ownKeys);
    Tensor v =
        prefix == null ? ownValues : Tensor.concat(1, prefix.slice(2, width, 2 * width), ownValues);
    if (cache == null && dropout.p() > 0 && training()) {
      return inSteps(q, k, v, call.wholeMask(own.window()));
    }
    DecoderMask mask = call.mask();
    if (cache != null) {
      KeyValueCache.KeysValues all = cache.append(call.inCache(layer), k, v);
      return Tensor.attention(
          q, all.keys(), all.values(), mask.additive(), mask.ranges(), attention);
    }
    return Tensor.attention(q, k, v, mask.additive(), mask.ranges(), attention);
  }

  /** The same in single steps: dropout comes between the softmax and the product with v. */
  private Tensor inSteps(Tensor q, Tensor k, Tensor v, Tensor mask) {
    Tensor scores =
        split(q, config.heads()).matmul(spread(k).transpose(-1, -2)).mul(attention.scale());
    float cap = attention.softcap();
    scores = cap > 0 ? scores.div(cap).tanh().mul(cap) : scores;
    Tensor context = dropout.forward(scores.add(mask).softmax(-1)).matmul(spread(v));
    return context.transpose(1, 2).reshape(q.dim(0), q.dim(1), q.dim(2));
  }

  /** (batch, tokens, heads · d) to (batch, heads, tokens, d). */
  private static Tensor split(Tensor x, int ofHeads) {
    return x.reshape(x.dim(0), x.dim(1), ofHeads, x.dim(2) / ofHeads).transpose(1, 2);
  }

  /** Repeats each key head for the query heads that use it. */
  private Tensor spread(Tensor x) {
    Tensor s = split(x, config.kvHeads());
    int times = config.heads() / config.kvHeads();
    if (times == 1) {
      return s;
    }
    int b = s.dim(0);
    int t = s.dim(2);
    int d = s.dim(3);
    return s.reshape(b, config.kvHeads(), 1, t, d)
        .expand(b, config.kvHeads(), times, t, d)
        .reshape(b, config.heads(), t, d);
  }
}
