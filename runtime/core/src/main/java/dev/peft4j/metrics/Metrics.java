package dev.peft4j.metrics;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Arrays;

/**
 * Single numbers that compare predictions with the expected values. A NaN among scores or numbers
 * is an error, not a result.
 */
public final class Metrics {
  private Metrics() {}

  /**
   * Returns the fraction of the predictions that equal the labels.
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
  public static double rocAuc(int[] labels, double[] scores) {
    sameLength("scores", scores.length, labels.length);
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] != 0 && labels[i] != 1) {
        throw new IllegalArgumentException(
            "rocAuc: label " + labels[i] + " at position " + i + ", needed 0 or 1");
      }
    }
    if (Arrays.stream(labels).allMatch(l -> l == labels[0])) {
      throw new IllegalArgumentException(
          "rocAuc: all labels are " + labels[0] + ", needed examples of both classes");
    }
    return RocAuc.binary(labels, scores);
  }

  /** Returns the area under the curve, see {@link #rocAuc(int[], double[])}. */
  public static double rocAuc(int[] labels, float[] scores) {
    return rocAuc(labels, doubles(scores));
  }

  /**
   * Returns the area under the curve of several classes, each against the rest (scikit-learn's
   * {@code multi_class="ovr"}).
   *
   * @param labels the right classes
   * @param probabilities of each example those of all classes, with the sum 1: a softmax of logits
   * @param average {@link Average#MACRO} for the mean over the classes, {@link Average#WEIGHTED}
   *     for that by how often each is a label, {@link Average#MICRO} for one curve of all pairs of
   *     an example and a class
   * @throws IllegalArgumentException if the lengths differ, a class has no examples or all of them,
   *     a label is out of range, or what should be probabilities is not
   */
  public static double rocAuc(int[] labels, double[][] probabilities, Average average) {
    return RocAuc.oneVersusRest(labels, probabilities, average);
  }

  /** Returns the area under the curve, see {@link #rocAuc(int[], double[][], Average)}. */
  public static double rocAuc(int[] labels, float[][] probabilities, Average average) {
    return rocAuc(
        labels,
        Arrays.stream(probabilities).map(Metrics::doubles).toArray(double[][]::new),
        average);
  }

  /**
   * Returns the mean absolute difference.
   *
   * @throws IllegalArgumentException if the lengths differ, there are none, or one is NaN
   */
  public static double meanAbsoluteError(double[] expected, double[] predicted) {
    double sum = 0;
    for (double d : differences("meanAbsoluteError", expected, predicted)) {
      sum += Math.abs(d);
    }
    return sum / expected.length;
  }

  /** Returns the mean absolute difference, see {@link #meanAbsoluteError(double[], double[])}. */
  public static double meanAbsoluteError(float[] expected, float[] predicted) {
    return meanAbsoluteError(doubles(expected), doubles(predicted));
  }

  /**
   * Returns the mean squared difference.
   *
   * @throws IllegalArgumentException if the lengths differ, there are none, or one is NaN
   */
  public static double meanSquaredError(double[] expected, double[] predicted) {
    return sumOfSquares("meanSquaredError", expected, predicted) / expected.length;
  }

  /** Returns the mean squared difference, see {@link #meanSquaredError(double[], double[])}. */
  public static double meanSquaredError(float[] expected, float[] predicted) {
    return meanSquaredError(doubles(expected), doubles(predicted));
  }

  /**
   * Returns the root of the mean squared difference, which has the unit of the numbers.
   *
   * @throws IllegalArgumentException if the lengths differ, there are none, or one is NaN
   */
  public static double rootMeanSquaredError(double[] expected, double[] predicted) {
    return Math.sqrt(sumOfSquares("rootMeanSquaredError", expected, predicted) / expected.length);
  }

  /** Returns the root, see {@link #rootMeanSquaredError(double[], double[])}. */
  public static double rootMeanSquaredError(float[] expected, float[] predicted) {
    return rootMeanSquaredError(doubles(expected), doubles(predicted));
  }

  /**
   * Returns the coefficient of determination, R²: 1 for predictions that are right, 0 for those
   * that are no better than the mean, negative for worse ones. Where all expected numbers are equal
   * it is 1 if the predictions are right, else 0 (as scikit-learn has it).
   *
   * @throws IllegalArgumentException if the lengths differ, there are fewer than two, or one is NaN
   */
  public static double r2(double[] expected, double[] predicted) {
    double residual = sumOfSquares("r2", expected, predicted);
    if (expected.length < 2) {
      throw new IllegalArgumentException("r2: there is one number, needed at least two");
    }
    double mean = Arrays.stream(expected).sum() / expected.length;
    double total = 0;
    for (double e : expected) {
      total += (e - mean) * (e - mean);
    }
    return total == 0 ? (residual == 0 ? 1 : 0) : 1 - residual / total;
  }

  /** Returns the coefficient of determination, see {@link #r2(double[], double[])}. */
  public static double r2(float[] expected, float[] predicted) {
    return r2(doubles(expected), doubles(predicted));
  }

  private static double sumOfSquares(String what, double[] expected, double[] predicted) {
    double sum = 0;
    for (double d : differences(what, expected, predicted)) {
      sum += d * d;
    }
    return sum;
  }

  private static double[] differences(String what, double[] expected, double[] predicted) {
    sameLength("predicted numbers", predicted.length, expected.length);
    double[] all = new double[expected.length];
    for (int i = 0; i < all.length; i++) {
      notNaN(what + ": prediction", predicted[i], i);
      notNaN(what + ": expected number", expected[i], i);
      all[i] = predicted[i] - expected[i];
    }
    return all;
  }

  /**
   * Returns the perplexity, e to the mean loss of a token in nats: between how many tokens a model
   * is undecided.
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

  static void notNaN(String what, double value, int position) {
    if (Double.isNaN(value)) {
      throw new IllegalArgumentException(what + " at position " + position + " is NaN");
    }
  }

  static double[] doubles(float[] values) {
    double[] all = new double[values.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = values[i];
    }
    return all;
  }

  /** Returns a number as Python formats it: halves are rounded to the even digit. */
  static String fixed(double value, int digits) {
    return Double.isFinite(value)
        ? new BigDecimal(value).setScale(digits, RoundingMode.HALF_EVEN).toPlainString()
        : Double.toString(value);
  }
}
