package dev.peft4j.train;

import dev.peft4j.metrics.ClassificationReport;
import dev.peft4j.metrics.EvaluationReport;
import dev.peft4j.metrics.RegressionReport;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Evaluations of a model on one epoch of data, as reports. Call {@code model.eval()} first; as an
 * {@link Evaluator} of a run there are {@link Evaluator#classification} and {@link
 * Evaluator#regression}.
 */
public final class Evaluations {
  private Evaluations() {}

  /**
   * Compares the class with the largest logit with the label, over all examples.
   *
   * @param logits the logits of a batch, (examples, classes)
   * @param labels the labels of a batch, as many integers
   * @param names of the classes, in their order
   * @throws IllegalArgumentException if sizes differ, a label is out of range or a logit is NaN
   */
  public static <B> ClassificationReport classification(
      Batches<B> data,
      Function<? super B, Tensor> logits,
      Function<? super B, Tensor> labels,
      List<String> names) {
    return classes(data, logits, labels, names).report;
  }

  /**
   * Compares predicted numbers with expected ones, over all examples.
   *
   * @param predicted those of a batch
   * @param expected those of a batch, as many
   * @throws IllegalArgumentException if sizes differ or a number is NaN
   */
  public static <B> RegressionReport regression(
      Batches<B> data,
      Function<? super B, Tensor> predicted,
      Function<? super B, Tensor> expected) {
    List<float[]> all = new ArrayList<>();
    List<float[]> right = new ArrayList<>();
    for (int i = 0; i < data.count(); i++) {
      B batch = data.get(0, i);
      all.add(predicted.apply(batch).toFloats());
      right.add(expected.apply(batch).toFloats());
    }
    return EvaluationReport.regression(joined(right), joined(all));
  }

  private static double[] joined(List<float[]> parts) {
    return parts.stream()
        .flatMapToDouble(part -> IntStream.range(0, part.length).mapToDouble(i -> part[i]))
        .toArray();
  }

  private record Classes(ClassificationReport report, double loss) {}

  private static <B> Classes classes(
      Batches<B> data,
      Function<? super B, Tensor> logits,
      Function<? super B, Tensor> labels,
      List<String> names) {
    IntStream.Builder right = IntStream.builder();
    IntStream.Builder predicted = IntStream.builder();
    double loss = 0;
    long examples = 0;
    int classes = names.size();
    for (int i = 0; i < data.count(); i++) {
      B batch = data.get(0, i);
      float[] values = logits.apply(batch).toFloats();
      int[] expected = labels.apply(batch).toInts();
      if (values.length != expected.length * classes) {
        throw new IllegalArgumentException(
            "evaluation: batch %d has %d logits and %d labels, needed %d logits (examples, classes)"
                .formatted(i, values.length, expected.length, expected.length * classes));
      }
      for (int e = 0; e < expected.length; e++) {
        int best = best(values, e * classes, classes, i);
        right.add(expected[e]);
        predicted.add(best);
        if (expected[e] >= 0 && expected[e] < classes) { // else the report says what is wrong
          loss += loss(values, e * classes, classes, best, expected[e]);
        }
      }
      examples += expected.length;
    }
    return new Classes(
        EvaluationReport.of(right.build().toArray(), predicted.build().toArray(), names),
        loss / examples);
  }

  private static int best(float[] values, int from, int classes, int batch) {
    int best = 0;
    for (int c = 0; c < classes; c++) {
      if (Float.isNaN(values[from + c])) {
        throw new IllegalArgumentException("evaluation: a logit of batch " + batch + " is NaN");
      }
      best = values[from + c] > values[from + best] ? c : best;
    }
    return best;
  }

  /** Returns the cross-entropy: minus the logarithm of the label's probability. */
  private static double loss(float[] values, int from, int classes, int best, int label) {
    double sum = 0;
    for (int c = 0; c < classes; c++) {
      sum += Math.exp((double) values[from + c] - values[from + best]);
    }
    return Math.log(sum) + values[from + best] - values[from + label];
  }

  static <B> Evaluator classifying(
      Batches<B> data,
      Function<? super B, Tensor> logits,
      Function<? super B, Tensor> labels,
      List<String> names) {
    return () -> {
      Classes found = classes(data, logits, labels, names);
      return withLoss(found.loss, found.report);
    };
  }

  static <B> Evaluator regressing(
      Batches<B> data,
      Function<? super B, Tensor> predicted,
      Function<? super B, Tensor> expected) {
    return () -> {
      RegressionReport report = regression(data, predicted, expected);
      return withLoss(report.meanSquaredError(), report);
    };
  }

  private static Map<String, Double> withLoss(double loss, EvaluationReport report) {
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("loss", loss);
    values.putAll(report.values());
    return values;
  }
}
