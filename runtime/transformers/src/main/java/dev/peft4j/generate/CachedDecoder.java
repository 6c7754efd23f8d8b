package dev.peft4j.generate;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.KeyValueCache;
import dev.peft4j.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
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

  /** The length beyond which keys are others. */
  private final int border;

  /**
   * The tokens in the cache by row, and perhaps some behind them; empty where there is no border.
   */
  private int[][] read;

  /** Whether the cache has the keys of a text beyond the border. */
  private boolean beyond;

  CachedDecoder(DecodingModel model, KeyValueCache cache) {
    this.model = model;
    this.cache = cache;
    this.scores = new float[cache.batch()][model.vocabulary()];
    this.border = model.cacheSwitchesAt();
    this.read = new int[cache.batch()][0];
  }

  KeyValueCache cache() {
    return cache;
  }

  /** Replaces the rows; see {@link KeyValueCache#reorder}. */
  void reorder(int... from) {
    cache.reorder(from);
    read = rows(from);
  }

  /** Returns a decoder with a cache of its own; see {@link KeyValueCache#select}. */
  CachedDecoder select(int... rows) {
    CachedDecoder chosen = new CachedDecoder(model, cache.select(rows));
    chosen.read = rows(rows);
    chosen.beyond = beyond;
    return chosen;
  }

  private int[][] rows(int... from) {
    return Arrays.stream(from).mapToObj(b -> read[b].clone()).toArray(int[][]::new);
  }

  /**
   * Returns the tokens to be read so that these follow: they alone, or the whole text where it is
   * now on the other side of the border.
   */
  private int[][] sameSide(int[]... tokens) {
    int after = 0;
    for (int b = 0; b < tokens.length; b++) {
      after = Math.max(after, reach(b, tokens[b].length));
    }
    boolean was = beyond;
    beyond = after > border;
    if (beyond == was || cache.longest() == 0) {
      return tokens;
    }
    int[][] all = new int[tokens.length][];
    for (int b = 0; b < tokens.length; b++) {
      int n = cache.length(b);
      all[b] = Arrays.copyOf(read[b], n + tokens[b].length);
      System.arraycopy(tokens[b], 0, all[b], n, tokens[b].length);
      cache.truncate(b, 0);
    }
    return all;
  }

  /** The positions that a row takes when it has so many tokens more. */
  private int reach(int row, int more) {
    return cache.virtual() + cache.length(row) + more;
  }

  private void remember(int row, int[] tokens) {
    if (border == Integer.MAX_VALUE) {
      return;
    }
    int from = cache.length(row);
    int to = from + tokens.length;
    if (to > read[row].length) {
      read[row] = Arrays.copyOf(read[row], Math.max(to, 2 * read[row].length));
    }
    System.arraycopy(tokens, 0, read[row], from, tokens.length);
  }

  /**
   * Adds tokens to the rows, at least one to each.
   *
   * @return for each row the scores of the token after its last one; the same arrays each time
   */
  float[][] next(int[]... added) {
    model.prime(cache);
    boolean began = beyond && cache.longest() > 0;
    int[][] tokens = sameSide(added);
    int longest = 0;
    for (int[] t : tokens) {
      longest = Math.max(longest, t.length);
    }
    // frequencies that go by the longest text want the whole prompt at once
    boolean grows = cache.virtual() + cache.longest() + longest > model.cacheFixedUpTo();
    boolean whole = grows || beyond && !began;
    int most = whole ? longest : Math.max(1, MOST / tokens.length);
    for (int from = 0; from < longest; from += most) {
      int[][] part = new int[tokens.length][];
      int[] counts = new int[tokens.length];
      int width = 1;
      for (int b = 0; b < tokens.length; b++) {
        int to = Math.min(tokens[b].length, from + most);
        part[b] = from >= to ? new int[0] : Arrays.copyOfRange(tokens[b], from, to);
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

  /** Returns how many tokens may be added to the only row at once without changing any scores. */
  int together() {
    int length = reach(0, 0);
    int growing = Math.max(1, model.cacheFixedUpTo() - length);
    return length < border ? Math.min(growing, border - length) : growing;
  }

  /**
   * Adds tokens to the only row, at most {@link #together}.
   *
   * @return for each of them the scores of the token that follows
   */
  float[][] every(int[] tokens) {
    model.prime(cache);
    if (cache.length(0) > 0 && reach(0, tokens.length) > border != beyond) {
      next(tokens); // all of the text again, but the scores of the last token only
      cache.truncate(0, cache.length(0) - tokens.length);
    }
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
    for (int b = 0; b < batch; b++) {
      remember(b, tokens[b]);
    }
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
