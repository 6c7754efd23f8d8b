package dev.peft4j.generate;

import java.util.Arrays;

/** Common computations over the scores of a vocabulary, rounded to float32 where torch rounds. */
final class Scores {
  private Scores() {}

  /** Returns the largest score. */
  static float max(float[] scores) {
    float max = Float.NEGATIVE_INFINITY;
    for (float s : scores) {
      max = Math.max(max, s);
    }
    return max;
  }

  /** Returns the position of the largest score, the first of equal ones; NaN is the largest. */
  static int argmax(float[] scores) {
    int best = 0;
    for (int i = 1; i < scores.length; i++) {
      if (scores[i] > scores[best] || Float.isNaN(scores[i]) && !Float.isNaN(scores[best])) {
        best = i;
      }
    }
    return best;
  }

  /** Returns the probabilities: the softmax. */
  static float[] probabilities(float[] scores) {
    float max = max(scores);
    float[] p = new float[scores.length];
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      p[i] = scores[i] == Float.NEGATIVE_INFINITY ? 0 : (float) Math.exp(scores[i] - max);
      sum += p[i];
    }
    for (int i = 0; i < p.length; i++) {
      p[i] = (float) (p[i] / sum);
    }
    return p;
  }

  /** Makes the scores log-probabilities. */
  static void logSoftmax(float[] scores) {
    float max = max(scores);
    double sum = 0;
    for (float s : scores) {
      sum += Math.exp(s - max);
    }
    float log = (float) Math.log(sum);
    for (int i = 0; i < scores.length; i++) {
      scores[i] = scores[i] - max - log;
    }
  }

  /** Returns −Σ p · ln p. */
  static double entropy(float[] p) {
    double sum = 0;
    for (float x : p) {
      sum -= x == 0 ? 0 : x * Math.log(x);
    }
    return sum;
  }

  /** Returns the k-th largest score; the smallest if there are fewer. */
  static float largest(float[] scores, int k) {
    int n = Math.min(k, scores.length);
    float[] heap = Arrays.copyOf(scores, n); // the n largest so far, in ascending order
    Arrays.sort(heap);
    for (int i = n; i < scores.length; i++) {
      if (scores[i] > heap[0]) {
        int at = Arrays.binarySearch(heap, scores[i]);
        at = at < 0 ? -at - 2 : at;
        System.arraycopy(heap, 1, heap, 0, at);
        heap[at] = scores[i];
      }
    }
    return heap[0];
  }

  /**
   * Returns positions in ascending order of their keys; equal keys keep their order.
   *
   * @param count how many of {@code positions} are to be sorted
   */
  static int[] sorted(float[] keys, int[] positions, int count) {
    long[] packed = new long[count];
    for (int i = 0; i < count; i++) {
      int bits = Float.floatToIntBits(keys[positions[i]] + 0f); // -0 is 0
      int ordered = bits < 0 ? ~bits : bits ^ Integer.MIN_VALUE; // as unsigned
      packed[i] = ((long) (ordered ^ Integer.MIN_VALUE) << 32) | i;
    }
    Arrays.sort(packed);
    int[] out = new int[count];
    for (int i = 0; i < count; i++) {
      out[i] = positions[(int) packed[i]];
    }
    return out;
  }

  /** Returns all positions in ascending order of their keys. */
  static int[] sorted(float[] keys) {
    int[] all = new int[keys.length];
    Arrays.setAll(all, i -> i);
    return sorted(keys, all, all.length);
  }

  /** Excludes a token. */
  static void exclude(float[] scores, int id) {
    scores[id] = Float.NEGATIVE_INFINITY;
  }

  /** Excludes tokens, as far as the vocabulary has them. */
  static void exclude(float[] scores, Iterable<Integer> ids) {
    for (int id : ids) {
      if (id < scores.length) {
        scores[id] = Float.NEGATIVE_INFINITY;
      }
    }
  }

  /** Excludes all tokens but some, whose score becomes 0. */
  static void force(float[] scores, Iterable<Integer> ids) {
    Arrays.fill(scores, Float.NEGATIVE_INFINITY);
    for (int id : ids) {
      scores[id] = 0;
    }
  }

  /**
   * Excludes tokens less probable than a bound, but not the {@code keep} largest scores.
   *
   * @param p probabilities
   */
  static void excludeBelow(float[] scores, float[] p, float bound, int keep) {
    float least = largest(scores, keep);
    for (int i = 0; i < scores.length; i++) {
      if (p[i] < bound && scores[i] < least) {
        exclude(scores, i);
      }
    }
  }
}
