package dev.peft4j.train;

import dev.peft4j.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** Measures the model as it is; it is in evaluation mode meanwhile. */
@FunctionalInterface
public interface Evaluator {
  /** Numbers by name, such as {@code loss} and {@code accuracy}. */
  Map<String, Double> evaluate();

  /**
   * The names of the numbers that it gives, if they are known without evaluating; empty if not. A
   * run whose evaluator does not know them evaluates once before its first step, to be sure that
   * the {@link Monitor}'s number is among them.
   */
  default Set<String> names() {
    return Set.of();
  }

  /**
   * The same as {@code evaluator}, with names that are known beforehand.
   *
   * @throws IllegalArgumentException if there is no name
   */
  static Evaluator named(Set<String> names, Evaluator evaluator) {
    if (names.isEmpty()) {
      throw new IllegalArgumentException("an evaluator gives at least one number; name it");
    }
    Set<String> known = Set.copyOf(names);
    return new Evaluator() {
      @Override
      public Map<String, Double> evaluate() {
        return evaluator.evaluate();
      }

      @Override
      public Set<String> names() {
        return known;
      }
    };
  }

  /**
   * The mean of a loss over all examples of an epoch, called {@code loss}. A batch weighs as much
   * as its loss counts, so that the size of the batches does not matter; see {@link
   * Trainer#counting}.
   *
   * @param loss computes the loss of a batch, a single value
   */
  static <B> Evaluator meanLoss(Batches<B> data, Function<? super B, Tensor> loss) {
    return new MeanLoss<>(data, loss, _ -> Double.NaN);
  }

  /**
   * As {@link #meanLoss(Batches, Function)}, for a loss of which it is not seen what it counts.
   *
   * @param counting how many things (rows, tokens) the loss of a batch is the mean of, not negative
   */
  static <B> Evaluator meanLoss(
      Batches<B> data, Function<? super B, Tensor> loss, ToDoubleFunction<? super B> counting) {
    return new MeanLoss<>(data, loss, b -> MeanLoss.checked(counting.applyAsDouble(b)));
  }

  /**
   * The numbers of a {@link dev.peft4j.metrics.ClassificationReport} over all examples of an epoch
   * ({@code accuracy}, {@code f1}, ...), and {@code loss}, the mean cross-entropy.
   *
   * @param logits the logits of a batch, (examples, classes)
   * @param labels the labels of a batch, as many integers
   * @param names of the classes, in their order
   */
  static <B> Evaluator classification(
      Batches<B> data,
      Function<? super B, Tensor> logits,
      Function<? super B, Tensor> labels,
      List<String> names) {
    return Evaluations.classifying(data, logits, labels, names);
  }

  /**
   * The numbers of a {@link dev.peft4j.metrics.RegressionReport} over all examples of an epoch
   * ({@code mae}, {@code mse}, {@code rmse}, {@code r2}), and {@code loss}, which is {@code mse}.
   *
   * @param predicted the numbers that are predicted for a batch
   * @param expected those that are right, as many
   */
  static <B> Evaluator regression(
      Batches<B> data,
      Function<? super B, Tensor> predicted,
      Function<? super B, Tensor> expected) {
    return Evaluations.regressing(data, predicted, expected);
  }
}
