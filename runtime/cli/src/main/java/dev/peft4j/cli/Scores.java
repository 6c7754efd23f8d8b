package dev.peft4j.cli;

import dev.peft4j.metrics.Average;
import dev.peft4j.metrics.ConfusionMatrix;
import java.util.Map;
import java.util.TreeMap;

/** The results that follow from logits, in double precision and without overflow. */
final class Scores {
  private Scores() {}

  /** Returns the probabilities of the labels. */
  static double[] softmax(float[] logits) {
    double sum = logSumExp(logits);
    double[] p = new double[logits.length];
    for (int i = 0; i < p.length; i++) {
      p[i] = Math.exp(logits[i] - sum);
    }
    return p;
  }

  /** Returns the cross-entropy: minus the logarithm of a label's probability. */
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

  /** Returns the index of the largest number, the first of equal ones. */
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

  /** Returns the label of each example with the largest logit. */
  static int[] predicted(float[][] logits) {
    int[] predicted = new int[logits.length];
    for (int i = 0; i < logits.length; i++) {
      predicted[i] = best(logits[i]);
    }
    return predicted;
  }

  /** Returns the mean loss over all examples. */
  static double meanLoss(float[][] logits, int[] expected) {
    double loss = 0;
    for (int i = 0; i < logits.length; i++) {
      loss += loss(logits[i], expected[i]);
    }
    return loss / logits.length;
  }

  /**
   * Returns mean loss, accuracy and macro F1.
   *
   * @param logits the logits of each example
   * @param expected the label of each example
   */
  static Map<String, Double> of(float[][] logits, int[] expected) {
    ConfusionMatrix matrix = ConfusionMatrix.of(expected, predicted(logits), logits[0].length);
    Map<String, Double> values = new TreeMap<>();
    values.put("loss", meanLoss(logits, expected));
    values.put("accuracy", matrix.accuracy());
    values.put("f1", matrix.f1(Average.MACRO));
    return values;
  }
}
