package dev.peft4j.transformers;

import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Disentangled attention (He et al. 2021): scores are sums of the products of two tokens, and of
 * each token with their distance.
 */
public final class DebertaV2Attention extends Module {
  private final Linear queryProj;
  private final Linear keyProj;
  private final Linear valueProj;
  private final @Nullable Linear posKeyProj;
  private final @Nullable Linear posQueryProj;
  private final Dropout posDropout;
  private final Dropout dropout;
  private final DebertaV2Settings settings;
  private final int heads;

  DebertaV2Attention(EncoderConfig config, Init init) {
    this.heads = config.heads();
    int hidden = config.hiddenSize();
    this.settings = DebertaV2Settings.of(config);
    boolean own = settings.relative() && !settings.sharedProjections();
    this.queryProj = init.linear(hidden, hidden);
    this.keyProj = init.linear(hidden, hidden);
    this.valueProj = init.linear(hidden, hidden);
    this.posKeyProj = own && settings.contentToPosition() ? init.linear(hidden, hidden) : null;
    this.posQueryProj = own && settings.positionToContent() ? init.linear(hidden, hidden) : null;
    this.posDropout = new Dropout(config.hiddenDropout());
    this.dropout = new Dropout(config.attentionDropout());
  }

  /**
   * Returns the attention's result.
   *
   * @param x (batch, tokens, hidden)
   * @param mask additive, broadcasts to (batch, heads, tokens, tokens), or null
   * @param distances the embeddings of distances; null without them
   */
  Tensor forward(Tensor x, @Nullable Tensor mask, @Nullable Distances distances) {
    Tensor q = queryProj.forward(x);
    Tensor k = keyProj.forward(x);
    Tensor v = valueProj.forward(x);
    Tensor scores = split(q).matmul(split(k).transpose(-1, -2));
    if (distances != null && settings.terms() > 1) {
      scores = scores.add(bias(q, k, distances));
    }
    double size = (double) q.dim(2) / heads * settings.terms();
    Tensor scaled = scores.mul((float) (1 / Math.sqrt(size)));
    Tensor weights = (mask == null ? scaled : scaled.add(mask)).softmax(-1);
    Tensor context = dropout.forward(weights).matmul(split(v));
    return context.transpose(1, 2).reshape(q.dim(0), q.dim(1), q.dim(2));
  }

  /** (batch, tokens, heads · d) to (batch, heads, tokens, d). */
  private Tensor split(Tensor x) {
    return x.reshape(x.dim(0), x.dim(1), heads, x.dim(2) / heads).transpose(1, 2);
  }

  /** Returns the products of tokens with distances, (batch, heads, tokens, tokens). */
  private Tensor bias(Tensor q, Tensor k, Distances distances) {
    Tensor embeddings = posDropout.forward(distances.embeddings());
    List<Tensor> parts = new ArrayList<>();
    if (settings.contentToPosition()) {
      Linear projection = posKeyProj == null ? keyProj : posKeyProj;
      parts.add(scores(q, projection.forward(embeddings)).embedding(distances.ofQueries()));
    }
    if (settings.positionToContent()) {
      Linear projection = posQueryProj == null ? queryProj : posQueryProj;
      parts.add(scores(k, projection.forward(embeddings)).embedding(distances.ofKeys()));
    }
    Tensor sum = parts.size() == 1 ? parts.getFirst() : parts.getFirst().add(parts.getLast());
    int tokens = q.dim(1);
    return sum.permute(2, 0, 1).reshape(q.dim(0), heads, tokens, tokens);
  }

  /**
   * Returns products of tokens with distances: a row for each token and distance, (tokens ·
   * distances, batch · heads).
   */
  private Tensor scores(Tensor x, Tensor distances) {
    int batch = x.dim(0);
    int tokens = x.dim(1);
    int size = x.dim(2) / heads;
    int rows = distances.dim(0);
    Tensor ofHeads =
        x.reshape(batch, tokens, heads, size).permute(2, 0, 1, 3).reshape(heads, -1, size);
    Tensor each = distances.reshape(rows, heads, size).permute(1, 2, 0);
    return ofHeads
        .matmul(each)
        .reshape(heads, batch, tokens, rows)
        .permute(2, 3, 1, 0)
        .reshape(tokens * rows, batch * heads);
  }

  /** Returns the projection to queries. */
  public Linear queryProj() {
    return queryProj;
  }

  /** Returns the projection to keys. */
  public Linear keyProj() {
    return keyProj;
  }

  /** Returns the projection to values. */
  public Linear valueProj() {
    return valueProj;
  }

  /** Returns the projection of distances to keys; null if that of tokens is used, or none. */
  public @Nullable Linear posKeyProj() {
    return posKeyProj;
  }

  /** Returns the projection of distances to queries; null if that of tokens is used, or none. */
  public @Nullable Linear posQueryProj() {
    return posQueryProj;
  }

  /**
   * The distances of tokens.
   *
   * @param embeddings a row for each distance, (2 · span, hidden)
   * @param ofQueries integers (tokens, tokens): the row of query i and its distance to key j among
   *     those of all tokens and distances
   * @param ofKeys the same with the row of key j
   */
  record Distances(Tensor embeddings, Tensor ofQueries, Tensor ofKeys) {
    static Distances of(Tensor embeddings, int tokens, DebertaV2Settings settings) {
      int span = settings.span();
      long[] queries = new long[tokens * tokens];
      long[] keys = new long[tokens * tokens];
      for (int i = 0; i < tokens; i++) {
        for (int j = 0; j < tokens; j++) {
          int row = Math.clamp(bucket(i - j, settings) + span, 0, 2 * span - 1);
          queries[i * tokens + j] = 2L * span * i + row;
          keys[i * tokens + j] = 2L * span * j + row;
        }
      }
      return new Distances(
          embeddings, Tensor.of(queries, tokens, tokens), Tensor.of(keys, tokens, tokens));
    }

    /** Returns the bucket of a distance: up to half of the buckets one for each. */
    static int bucket(int distance, DebertaV2Settings settings) {
      int middle = settings.buckets() / 2;
      int n = Math.abs(distance);
      if (settings.buckets() == 0 || n <= middle) {
        return distance;
      }
      // in float, as torch computes it: at powers it decides between two buckets
      float log = (float) Math.log((float) n / middle);
      float all = (float) Math.log((float) ((settings.largest() - 1.0) / middle));
      int bucket = (int) Math.ceil(log / all * (middle - 1)) + middle;
      return distance < 0 ? -bucket : bucket;
    }
  }
}
