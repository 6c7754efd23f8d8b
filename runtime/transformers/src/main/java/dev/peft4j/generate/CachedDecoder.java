package dev.peft4j.generate;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.KeyValueCache;
import dev.peft4j.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;

/**
 * A model with a cache: it is fed tokens and gives the scores of those that may follow. The tokens
 * of a step are padded on the right to one of a few sizes, so that there are few programs.
 */
final class CachedDecoder {
  /** The most tokens of all rows in one step, so that a long prompt needs no more memory. */
  private static final int MOST = 2048;

  private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /** What is fed: the tokens, and for each row which of its hidden states is the last. */
  private record Input(Storage ids, Storage last) {}

  private final DecodingModel model;
  private final KeyValueCache cache;
  private final Map<Integer, Input> inputs = new HashMap<>();
  private final float[][] scores;

  CachedDecoder(DecodingModel model, KeyValueCache cache) {
    this.model = model;
    this.cache = cache;
    this.scores = new float[cache.batch()][model.vocabulary()];
  }

  KeyValueCache cache() {
    return cache;
  }

  /**
   * Adds tokens to the rows, at least one to each.
   *
   * @return for each row the scores of the token after its last one; the same arrays each time
   */
  float[][] next(int[]... tokens) {
    int longest = 0;
    for (int[] t : tokens) {
      longest = Math.max(longest, t.length);
    }
    // frequencies that go by the longest text want the whole prompt at once
    model.prime(cache);
    boolean whole = cache.virtual() + cache.longest() + longest > model.cacheFixedUpTo();
    int most = whole ? longest : Math.max(1, MOST / tokens.length);
    for (int from = 0; from < longest; from += most) {
      int[][] part = new int[tokens.length][];
      int[] counts = new int[tokens.length];
      int width = 1;
      for (int b = 0; b < tokens.length; b++) {
        int to = Math.min(tokens[b].length, from + most);
        part[b] = from >= to ? new int[0] : java.util.Arrays.copyOfRange(tokens[b], from, to);
        counts[b] = part[b].length;
        width = Math.max(width, counts[b]);
      }
      Storage result = step("next", part, counts, size(width), false);
      for (int b = 0; b < tokens.length; b++) {
        if (counts[b] > 0) { // the others have their scores already
          copy(result, b, scores[b]);
        }
      }
    }
    return scores;
  }

  /**
   * Adds tokens to the only row.
   *
   * @return for each of them the scores of the token that follows
   */
  float[][] every(int[] tokens) {
    model.prime(cache);
    int n = size(tokens.length);
    Storage result = step("every", new int[][] {tokens}, new int[] {tokens.length}, n, true);
    float[][] all = new float[tokens.length][model.vocabulary()];
    for (int i = 0; i < all.length; i++) {
      copy(result, i, all[i]);
    }
    return all;
  }

  private static void copy(Storage from, int row, float[] to) {
    MemorySegment.copy(from.segment(), F32, 4L * row * to.length, to, 0, to.length);
  }

  /** Sizes are at most an eighth larger than needed: 8, 9, ... 16, 18, ... 32, 36, ... */
  private static int size(int tokens) {
    int unit = Integer.highestOneBit(Math.max(8, tokens)) / 8;
    return Math.ceilDiv(tokens, unit) * unit;
  }

  private Storage step(String kind, int[][] tokens, int[] counts, int n, boolean all) {
    int batch = tokens.length;
    cache.begin(n, counts);
    Input in =
        inputs.computeIfAbsent(
            n,
            size ->
                new Input(
                    Storage.allocate(DType.INT32, (long) batch * size),
                    Storage.allocate(DType.INT32, batch)));
    for (int b = 0; b < batch; b++) {
      for (int i = 0; i < n; i++) {
        // any token will do as padding; the last one is in the vocabulary
        int id = counts[b] == 0 ? 0 : tokens[b][Math.min(i, counts[b] - 1)];
        in.ids.segment().setAtIndex(I32, (long) b * n + i, id);
      }
      in.last.segment().setAtIndex(I32, b, b * n + Math.max(0, counts[b] - 1));
    }
    in.ids.modified();
    in.last.modified();
    Storage[] y = cache.compute(kind, () -> new Tensor[] {graph(in, batch, n, all)});
    cache.advance();
    return y[0];
  }

  private Tensor graph(Input in, int batch, int n, boolean all) {
    Tensor hidden = model.hidden(Tensor.of(in.ids, Shape.of(batch, n)), cache);
    Tensor rows = hidden.reshape(batch * n, hidden.dim(-1));
    Tensor wanted = all || n == 1 ? rows : rows.embedding(Tensor.of(in.last, Shape.of(batch)));
    return model.logits(wanted);
  }
}
