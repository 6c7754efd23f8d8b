package dev.peft4j.metrics;

import java.util.Arrays;
import java.util.Comparator;

/**
 * Single numbers that compare predictions with what is right. A NaN among scores or numbers is an
 * error, not a result.
 */
public final class Metrics {
  private Metrics() {}

  /**
   * Returns the part of the predictions that equal the labels.
   *
   * @throws IllegalArgumentException if the lengths differ, or there are none
   */
  public static double accuracy(int[] labels, int[] predictions) {
    sameLength("predictions", predictions.length, labels.length);
    int right = 0;
    for (int i = 0; i < labels.length; i++) {
      right += labels[i] == predictions[i] ? 1 : 0;
    }
    return (double) right / labels.length;
  }

  /**
   * Returns the area under the curve of true over false positives: the probability that a positive
   * example has a higher score than a negative one, equal scores counting half (Hanley and McNeil
   * 1982).
   *
   * @param labels 1 for positive, 0 for negative examples
   * @param scores as many, higher for what is more likely positive
   * @throws IllegalArgumentException if the lengths differ, one class is missing, a label is
   *     neither 0 nor 1, or a score is NaN
   */
  public static double rocAuc(int[] labels, float[] scores) {
    sameLength("scores", scores.length, labels.length);
    long positive = 0;
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] != 0 && labels[i] != 1) {
        throw new IllegalArgumentException(
            "rocAuc: label " + labels[i] + " at position " + i + ", needed 0 or 1");
      }
      notNaN("rocAuc: score", scores[i], i);
      positive += labels[i];
    }
    long negative = labels.length - positive;
    if (positive == 0 || negative == 0) {
      throw new IllegalArgumentException(
          "rocAuc: all labels are " + labels[0] + ", needed examples of both classes");
    }
    Integer[] order = new Integer[labels.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, Comparator.comparingDouble(i -> scores[i] + 0f)); // -0 is 0
    double above = 0;
    for (int from = 0, to; from < order.length; from = to) {
      int here = 0;
      for (to = from; to < order.length && scores[order[to]] == scores[order[from]]; to++) {
        here += labels[order[to]];
      }
      // the mean rank of equal scores, from 1 on
      above += here * (from + to + 1) / 2.0;
    }
    return (above - positive * (positive + 1) / 2.0) / ((double) positive * negative);
  }

  /**
   * Returns the mean absolute difference.
   *
   * @throws IllegalArgumentException if the lengths differ, there are none, or one is NaN
   */
  public static double meanAbsoluteError(float[] expected, float[] predicted) {
    sameLength("predicted", predicted.length, expected.length);
    double sum = 0;
    for (int i = 0; i < expected.length; i++) {
      notNaN("meanAbsoluteError: prediction", predicted[i], i);
      notNaN("meanAbsoluteError: expected number", expected[i], i);
      sum += Math.abs((double) predicted[i] - expected[i]);
    }
    return sum / expected.length;
  }

  /**
   * Returns the mean squared difference.
   *
   * @throws IllegalArgumentException if the lengths differ, there are none, or one is NaN
   */
  public static double meanSquaredError(float[] expected, float[] predicted) {
    sameLength("predicted", predicted.length, expected.length);
    double sum = 0;
    for (int i = 0; i < expected.length; i++) {
      notNaN("meanSquaredError: prediction", predicted[i], i);
      notNaN("meanSquaredError: expected number", expected[i], i);
      double d = (double) predicted[i] - expected[i];
      sum += d * d;
    }
    return sum / expected.length;
  }

  /**
   * Returns e to the mean loss of a token, in nats: over how many tokens a model is undecided.
   *
   * @throws IllegalArgumentException if the loss is NaN
   */
  public static double perplexity(double meanLoss) {
    if (Double.isNaN(meanLoss)) {
      throw new IllegalArgumentException("perplexity: the loss is NaN");
    }
    return Math.exp(meanLoss);
  }

  static void sameLength(String what, int found, int needed) {
    if (found != needed) {
      throw new IllegalArgumentException(found + " " + what + ", needed " + needed);
    }
    if (needed == 0) {
      throw new IllegalArgumentException("there are no " + what);
    }
  }

  private static void notNaN(String what, float value, int position) {
    if (Float.isNaN(value)) {
      throw new IllegalArgumentException(what + " at position " + position + " is NaN");
    }
  }
}
