package dev.peft4j.metrics;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The result of an evaluation, as numbers and as a table.
 *
 * <pre>{@code
 * var report = EvaluationReport.of(labels, predictions, List.of("bad", "good"));
 * System.out.println(report);
 * double f1 = report.values().get("f1");
 * }</pre>
 */
public sealed interface EvaluationReport permits ClassificationReport, RegressionReport {
  /**
   * Compares predicted classes with the right ones.
   *
   * @param labels the right classes, from 0 to below the number of names
   * @param predictions as many predicted classes
   * @param names of the classes, in their order
   * @throws IllegalArgumentException if the lengths differ, there are none, or a class has no name
   */
  static ClassificationReport of(int[] labels, int[] predictions, List<String> names) {
    return new ClassificationReport(ConfusionMatrix.of(labels, predictions, names.size()), names);
  }

  /**
   * Compares predicted classes with the right ones, by their names.
   *
   * @param labels the names of the right classes
   * @param predictions as many names of predicted classes
   * @throws IllegalArgumentException if the lengths differ, or there are none
   */
  static ClassificationReport of(List<String> labels, List<String> predictions) {
    List<String> names =
        Stream.concat(labels.stream(), predictions.stream()).distinct().sorted().toList();
    return of(
        labels.stream().mapToInt(names::indexOf).toArray(),
        predictions.stream().mapToInt(names::indexOf).toArray(),
        names);
  }

  /**
   * Compares predicted numbers with the right ones.
   *
   * @throws IllegalArgumentException if the lengths differ, there are none, or one is NaN
   */
  static RegressionReport regression(double[] expected, double[] predicted) {
    return RegressionReport.of(expected, predicted);
  }

  /** Compares predicted numbers with the right ones. */
  static RegressionReport regression(float[] expected, float[] predicted) {
    return regression(Metrics.doubles(expected), Metrics.doubles(predicted));
  }

  /** Returns the number of examples that were compared. */
  long examples();

  /**
   * Returns the numbers over all examples by name, as an evaluator of a training run returns them.
   */
  Map<String, Double> values();

  /**
   * Returns a table that ends with a line break.
   *
   * @param digits the number of decimals
   */
  String table(int digits);
}
