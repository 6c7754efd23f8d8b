package dev.peft4j.generate;

import java.util.Arrays;

/**
 * Generation of one row that tries several tokens at once: those that followed the latest tokens
 * where they occurred before. The model scores all of them in one step, and those that it would
 * have chosen are kept, so the text is the same as without.
 */
final class PromptLookup {
  private final CachedDecoder decoder;
  private final RowState row;
  private final GenerationListener listener;
  private final Deadline deadline;
  private final int most;
  private final int ngram;

  /**
   * Prepares a call.
   *
   * @param most the most tokens that are tried at once
   * @param ngram how many tokens must have occurred before, at most; at least one
   */
  PromptLookup(
      CachedDecoder decoder,
      RowState row,
      GenerationListener listener,
      Deadline deadline,
      int most,
      int ngram) {
    this.decoder = decoder;
    this.row = row;
    this.listener = listener;
    this.deadline = deadline;
    this.most = most;
    this.ngram = ngram;
  }

  /**
   * Continues the row until it has ended.
   *
   * @param first the tokens that the cache does not have yet
   * @param room how many tokens the row may get
   */
  void run(int[] first, int room) {
    row.add(row.choose(decoder.next(first)[0], listener), listener);
    int left = room - 1;
    while (!row.isFinished()) {
      if (deadline.passed() || listener.cancelled()) {
        row.finish(deadline.passed() ? FinishReason.TIME : FinishReason.CANCELLED, listener);
        return;
      }
      TokenHistory h = row.history();
      int start = h.length() - h.padding() - 1; // the last token is not in the cache
      int atOnce = Math.min(left, decoder.together());
      int[] tried = candidates(h, Math.min(most, atOnce - 1));
      int[] fed = new int[tried.length + 1];
      fed[0] = h.get(h.length() - 1);
      System.arraycopy(tried, 0, fed, 1, tried.length);
      float[][] scores = tried.length == 0 ? decoder.next(fed) : decoder.every(fed);
      for (int i = 0; i < fed.length && !row.isFinished(); i++) {
        int token = row.choose(scores[i], listener);
        row.add(token, listener);
        left--;
        if (i < tried.length && token != tried[i]) {
          break;
        }
      }
      decoder.cache().truncate(0, Math.min(start + fed.length, h.length() - h.padding() - 1));
    }
  }

  /** The tokens that followed the latest occurrence of the last few tokens. */
  private int[] candidates(TokenHistory history, int count) {
    int[] all = history.range(history.padding(), history.length());
    for (int n = Math.min(ngram, all.length - 1); n > 0 && count > 0; n--) {
      int end = all.length - n;
      for (int at = end - 1; at >= 0; at--) {
        if (Arrays.equals(all, at, at + n, all, end, all.length)) {
          return Arrays.copyOfRange(all, at + n, Math.min(all.length, at + n + count));
        }
      }
    }
    return new int[0];
  }
}
