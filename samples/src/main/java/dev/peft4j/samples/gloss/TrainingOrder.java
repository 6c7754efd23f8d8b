package dev.peft4j.samples.gloss;

import dev.peft4j.data.Rng;

/**
 * The order of training: a random permutation that spreads each batch evenly over the data.
 * WordNet's file is sorted by topic, and within a topic related words are neighbours; drawing one
 * example from each of {@code batch} equal stretches of it gives every batch the topics in their
 * natural shares (stratified sampling), so that the gradients of neighbouring steps differ less
 * than with a plain shuffle.
 */
final class TrainingOrder {
  private TrainingOrder() {}

  /**
   * Returns a permutation of 0 … n-1. Positions {@code i · batch} to {@code (i + 1) · batch - 1}
   * are the i-th batch.
   *
   * @param batch examples in a batch, at least 1
   */
  static int[] stratified(int n, int batch, long seed) {
    Rng rng = new Rng(seed);
    int stretches = Math.min(batch, Math.max(1, n));
    int[][] shuffled = new int[stretches][];
    for (int s = 0; s < stretches; s++) {
      int from = start(n, s, stretches);
      int[] order = rng.permutation(start(n, s + 1, stretches) - from);
      for (int i = 0; i < order.length; i++) {
        order[i] += from;
      }
      shuffled[s] = order;
    }
    int[] all = new int[n];
    int k = 0;
    for (int round = 0; k < n; round++) {
      for (int[] stretch : shuffled) {
        if (round < stretch.length) {
          all[k++] = stretch[round];
        }
      }
    }
    return all;
  }

  private static int start(int n, int stretch, int stretches) {
    return (int) ((long) n * stretch / stretches);
  }
}
