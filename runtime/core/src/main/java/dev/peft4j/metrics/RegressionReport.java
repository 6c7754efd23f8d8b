package dev.peft4j.metrics;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The distance of predicted numbers from the expected ones. Created by {@link
 * EvaluationReport#regression}.
 *
 * @param examples the number of numbers that were compared
 * @param meanAbsoluteError the mean absolute difference
 * @param meanSquaredError the mean squared difference
 * @param r2 the coefficient of determination; NaN for a single example, which has none
 */
public record RegressionReport(
    long examples, double meanAbsoluteError, double meanSquaredError, double r2)
    implements EvaluationReport {
  static RegressionReport of(double[] expected, double[] predicted) {
    return new RegressionReport(
        expected.length,
        Metrics.meanAbsoluteError(expected, predicted),
        Metrics.meanSquaredError(expected, predicted),
        expected.length < 2 ? Double.NaN : Metrics.r2(expected, predicted));
  }

  /** Returns the root of the mean squared difference. */
  public double rootMeanSquaredError() {
    return Math.sqrt(meanSquaredError);
  }

  /** Returns {@code mae}, {@code mse}, {@code rmse}, and {@code r2} if there is one. */
  @Override
  public Map<String, Double> values() {
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("mae", meanAbsoluteError);
    values.put("mse", meanSquaredError);
    values.put("rmse", rootMeanSquaredError());
    if (!Double.isNaN(r2)) {
      values.put("r2", r2);
    }
    return Collections.unmodifiableMap(values);
  }

  @Override
  public String table(int digits) {
    StringBuilder out = new StringBuilder();
    row(out, "mean absolute error", Metrics.fixed(meanAbsoluteError, digits));
    row(out, "mean squared error", Metrics.fixed(meanSquaredError, digits));
    row(out, "root mean squared error", Metrics.fixed(rootMeanSquaredError(), digits));
    row(out, "R2", Double.isNaN(r2) ? "-" : Metrics.fixed(r2, digits));
    row(out, "examples", Long.toString(examples));
    return out.toString();
  }

  private static void row(StringBuilder out, String name, String value) {
    out.append("%-23s %12s%n".formatted(name, value).replace("\r\n", "\n"));
  }

  /** Returns the table with four digits. */
  @Override
  public String toString() {
    return table(4);
  }
}
