package dev.peft4j.transformers;

import dev.peft4j.nn.KeyValueCache;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Which keys the queries of a decoder see besides those that are not later: no padding, and none of
 * another text.
 *
 * @param additive added to the scores, broadcasts to (batch, heads, queries, keys), or null
 * @param ranges integers as {@link Tensor#attention} takes them, or null
 */
record DecoderMask(@Nullable Tensor additive, @Nullable Tensor ranges) {
  private static final float HIDDEN = -Float.MAX_VALUE;

  static DecoderMask of(DecoderInput in, DecoderConfig config, DecoderPlaces places) {
    KeyValueCache cache = in.cache();
    AlibiBias alibi = AlibiBias.of(config);
    if (cache != null) {
      Tensor bias = alibi == null ? null : alibi.of(null, 1, cache.capacity());
      return new DecoderMask(bias, cache.start());
    }
    int batch = in.inputIds().dim(0);
    int tokens = places.all();
    boolean[] given = in.attentionMask() == null ? null : tokens(in.attentionMask());
    boolean[] token = given == null ? null : places.withVirtual(given);
    Tensor positions = in.positionIds();
    Tensor ranges =
        token != null
            ? ofTokens(token, batch, tokens, places.queries())
            : in.attentionMask() == null && positions != null && places.virtual() == 0
                ? ofTexts(positions.toLongs(), positions.dim(0), tokens)
                : null;
    Tensor additive = token != null && ranges == null ? ofKeys(token, batch, tokens) : null;
    if (alibi != null) {
      Tensor bias = alibi.of(token, batch, tokens);
      additive = additive == null ? bias : additive.add(bias).maximum(HIDDEN);
    }
    return new DecoderMask(additive, ranges);
  }

  /** Returns which places are tokens, by row and place; null if all are. */
  private static boolean @Nullable [] tokens(Tensor mask) {
    float[] v = mask.dtype().isInteger() ? mask.toFloat().toFloats() : mask.toFloats();
    boolean[] out = new boolean[v.length];
    boolean all = true;
    for (int i = 0; i < v.length; i++) {
      out[i] = v[i] != 0;
      all &= out[i];
    }
    return all ? null : out;
  }

  /** Returns the range of tokens in each row, or null if there is padding in between. */
  private static @Nullable Tensor ofTokens(boolean[] token, int batch, int tokens, int queries) {
    int[] out = new int[batch * queries * 2];
    for (int b = 0; b < batch; b++) {
      int from = 0;
      while (from < tokens && !token[b * tokens + from]) {
        from++;
      }
      int to = from;
      while (to < tokens && token[b * tokens + to]) {
        to++;
      }
      for (int i = to; i < tokens; i++) {
        if (token[b * tokens + i]) {
          return null;
        }
      }
      for (int i = 0; i < queries; i++) {
        out[(b * queries + i) * 2] = from;
        out[(b * queries + i) * 2 + 1] = to;
      }
    }
    return Tensor.of(out, batch, queries, 2);
  }

  /**
   * Returns the range of each token's text, or null if every row is one text: a text begins where a
   * position does not follow the one before.
   */
  private static @Nullable Tensor ofTexts(long[] positions, int rows, int tokens) {
    int[] out = new int[rows * tokens * 2];
    boolean several = false;
    for (int b = 0; b < rows; b++) {
      int from = 0;
      for (int i = 1; i <= tokens; i++) {
        int at = b * tokens + i;
        if (i == tokens || positions[at] != positions[at - 1] + 1) {
          several |= i < tokens;
          for (int j = from; j < i; j++) {
            out[(b * tokens + j) * 2] = from;
            out[(b * tokens + j) * 2 + 1] = i;
          }
          from = i;
        }
      }
    }
    return several ? Tensor.of(out, rows, tokens, 2) : null;
  }

  /** Returns the mask of padding anywhere, (batch, 1, 1, tokens). */
  private static Tensor ofKeys(boolean[] token, int batch, int tokens) {
    float[] out = new float[batch * tokens];
    for (int i = 0; i < out.length; i++) {
      out[i] = token[i] ? 0 : HIDDEN;
    }
    return Tensor.of(out, batch, 1, 1, tokens);
  }

  /**
   * Returns all of this, and that later keys and those outside of a window are hidden, as one
   * additive mask: (batch or 1, heads or 1, queries, keys).
   *
   * @param window how many keys a query sees; 0 for no window
   */
  Tensor whole(DecoderPlaces places, int window) {
    int queries = places.queries();
    int keys = places.all();
    int rows = ranges == null ? 1 : ranges.dim(0);
    int[] seen = ranges == null ? null : ranges.toInts();
    float[] out = new float[rows * queries * keys];
    for (int r = 0; r < rows * queries; r++) {
      int i = r % queries + keys - queries;
      for (int j = 0; j < keys; j++) {
        boolean sees = j <= i && (window == 0 || i - j < window);
        sees = sees && (seen == null || seen[2 * r] <= j && j < seen[2 * r + 1]);
        out[r * keys + j] = sees ? 0 : HIDDEN;
      }
    }
    Tensor mask = Tensor.of(out, rows, 1, queries, keys);
    return additive == null ? mask : mask.add(additive).maximum(HIDDEN);
  }
}
