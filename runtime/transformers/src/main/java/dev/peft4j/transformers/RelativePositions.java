package dev.peft4j.transformers;

import dev.peft4j.nn.Embedding;
import dev.peft4j.tensor.Tensor;

/**
 * Distances between tokens in buckets (Raffel et al. 2020, T5's, in both directions): up to half of
 * a direction's buckets one for each distance, then wider and wider ones.
 */
final class RelativePositions {
  /** Buckets of both directions. */
  static final int BUCKETS = 32;

  private static final int MAX_DISTANCE = 128;

  private RelativePositions() {}

  /**
   * Returns the numbers that are added to the attention's scores, (1, heads, tokens, tokens).
   *
   * @param table (buckets, heads)
   */
  static Tensor bias(Embedding table, int tokens) {
    long[] buckets = new long[tokens * tokens];
    for (int key = 0; key < tokens; key++) {
      for (int query = 0; query < tokens; query++) {
        buckets[key * tokens + query] = bucket(key - query);
      }
    }
    Tensor values = table.forward(Tensor.of(buckets, tokens, tokens)); // (keys, queries, heads)
    return values.transpose(0, 2).reshape(1, table.dim(), tokens, tokens);
  }

  /** Returns the bucket of a key that comes {@code distance} tokens after the query. */
  static int bucket(int distance) {
    int half = BUCKETS / 2;
    int exact = half / 2;
    int start = distance > 0 ? half : 0;
    int n = Math.abs(distance);
    if (n < exact) {
      return start + n;
    }
    // in float, as torch computes it: at powers of two it decides between two buckets
    float log = (float) Math.log((float) n / exact);
    float part = log / (float) Math.log((double) MAX_DISTANCE / exact) * (half - exact);
    return start + Math.min(exact + (int) part, half - 1);
  }
}
