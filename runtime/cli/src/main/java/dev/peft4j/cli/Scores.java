package dev.peft4j.cli;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** What follows from logits. In double precision, and never by way of numbers that overflow. */
final class Scores {
  private Scores() {}

  /** The probabilities of the labels. */
  static double[] softmax(float[] logits) {
    double sum = logSumExp(logits);
    double[] p = new double[logits.length];
    for (int i = 0; i < p.length; i++) {
      p[i] = Math.exp(logits[i] - sum);
    }
    return p;
  }

  /** The cross-entropy: minus the logarithm of a label's probability. */
  static double loss(float[] logits, int label) {
    return logSumExp(logits) - logits[label];
  }

  private static double logSumExp(float[] logits) {
    double most = logits[best(logits)];
    double sum = 0;
    for (float l : logits) {
      sum += Math.exp(l - most);
    }
    return most + Math.log(sum);
  }

  /** The place of the largest number, the first of equal ones. */
  static int best(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      best = logits[i] > logits[best] ? i : best;
    }
    return best;
  }

  static boolean areFinite(float[] logits) {
    for (float l : logits) {
      if (!Float.isFinite(l)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Mean loss, accuracy and macro F1.
   *
   * @param logits the logits of each example
   * @param expected the label of each example
   */
  static Map<String, Double> of(float[][] logits, int[] expected) {
    int n = logits[0].length;
    int[] right = new int[n];
    int[] predicted = new int[n];
    int[] there = new int[n];
    double loss = 0;
    for (int i = 0; i < logits.length; i++) {
      int best = best(logits[i]);
      loss += loss(logits[i], expected[i]);
      there[expected[i]]++;
      predicted[best]++;
      right[best] += best == expected[i] ? 1 : 0;
    }
    double f1 = 0;
    int seen = 0;
    for (int l = 0; l < n; l++) {
      if (there[l] + predicted[l] > 0) {
        f1 += 2.0 * right[l] / (there[l] + predicted[l]);
        seen++;
      }
    }
    Map<String, Double> values = new TreeMap<>();
    values.put("loss", loss / logits.length);
    values.put("accuracy", (double) IntStream.of(right).sum() / logits.length);
    values.put("f1", f1 / seen);
    return values;
  }
}
