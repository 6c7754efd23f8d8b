package dev.peft4j.generate;

import java.util.List;

/** Greedy and sampled generation: each row takes one token at a time. */
final class SampleLoop {
  private final CachedDecoder decoder;
  private final List<RowState> rows;
  private final GenerationListener listener;
  private final Deadline deadline;
  private final boolean cached;

  /**
   * Prepares a call.
   *
   * @param cached whether keys and values are kept; otherwise each token is a pass over all
   */
  SampleLoop(
      CachedDecoder decoder,
      List<RowState> rows,
      GenerationListener listener,
      Deadline deadline,
      boolean cached) {
    this.decoder = decoder;
    this.rows = rows;
    this.listener = listener;
    this.deadline = deadline;
    this.cached = cached;
  }

  /**
   * Continues the rows until all have ended.
   *
   * @param first the tokens that the cache does not have yet, at least one for each row
   */
  void run(int[][] first) {
    int[][] fed = first;
    while (true) {
      float[][] scores = decoder.next(fed);
      int[][] next = new int[rows.size()][];
      boolean open = false;
      for (int b = 0; b < next.length; b++) {
        RowState row = rows.get(b);
        next[b] = new int[0]; // a row that has ended takes nothing more
        if (!row.isFinished()) {
          int token = row.choose(scores[b], listener);
          row.add(token, listener);
          next[b] = row.isFinished() ? next[b] : new int[] {token};
        }
        open |= !row.isFinished();
      }
      if (!open) {
        return;
      }
      FinishReason over = deadline.passed() ? FinishReason.TIME : FinishReason.CANCELLED;
      if (over == FinishReason.TIME || listener.cancelled()) {
        rows.forEach(r -> r.finish(over, listener));
        return;
      }
      fed = cached ? next : allOver(next);
    }
  }

  private int[][] allOver(int[][] next) {
    int[][] all = new int[next.length][];
    for (int b = 0; b < all.length; b++) {
      decoder.cache().truncate(b, 0);
      TokenHistory h = rows.get(b).history();
      all[b] = rows.get(b).isFinished() ? next[b] : h.range(h.padding(), h.length());
    }
    return all;
  }
}
