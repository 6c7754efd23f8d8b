package dev.peft4j.train;

import dev.peft4j.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** A measurement of the model in its current state, in evaluation mode. */
@FunctionalInterface
public interface Evaluator {
  /** Returns numbers by name, such as {@code loss} and {@code accuracy}. */
  Map<String, Double> evaluate();

  /**
   * Returns the names of the numbers, if they are known without evaluating; empty if not. If they
   * are unknown, a run evaluates once before its first step, to check that the {@link Monitor}'s
   * number is among them.
   */
  default Set<String> names() {
    return Set.of();
  }

  /**
   * Returns {@code evaluator} with names that are known in advance.
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
   * Returns an evaluator of the mean of a loss over all examples of an epoch, called {@code loss}.
   * A batch is weighted by the number of things that its loss is the mean of, so that the batch
   * size does not matter; see {@link Trainer#counting}.
   *
   * @param loss computes the loss of a batch, a single value
   */
  static <B> Evaluator meanLoss(Batches<B> data, Function<? super B, Tensor> loss) {
    return new MeanLoss<>(data, loss, _ -> Double.NaN);
  }

  /**
   * Returns an evaluator like {@link #meanLoss(Batches, Function)}, for a loss that does not tell
   * what it is the mean of.
   *
   * @param counting the number of things (rows, tokens) that the loss of a batch is the mean of,
   *     not negative
   */
  static <B> Evaluator meanLoss(
      Batches<B> data, Function<? super B, Tensor> loss, ToDoubleFunction<? super B> counting) {
    return new MeanLoss<>(data, loss, b -> MeanLoss.checked(counting.applyAsDouble(b)));
  }

  /**
   * Returns an evaluator of a language model: {@code loss}, the mean over all tokens that count,
   * and {@code perplexity}, its exponential. Neither depends on the size of the batches.
   *
   * @param loss computes the loss of a batch, the mean over its tokens that count
   */
  static <B> Evaluator perplexity(Batches<B> data, Function<? super B, Tensor> loss) {
    Evaluator mean = meanLoss(data, loss);
    return named(
        Set.of("loss", "perplexity"),
        () -> {
          Map<String, Double> values = new LinkedHashMap<>(mean.evaluate());
          values.put("perplexity", Math.exp(values.getOrDefault("loss", Double.NaN)));
          return values;
        });
  }

  /**
   * Returns an evaluator with the numbers of a {@link dev.peft4j.metrics.ClassificationReport} over
   * all examples of an epoch ({@code accuracy}, {@code f1}, ...), and {@code loss}, the mean
   * cross-entropy.
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
   * Returns an evaluator with the numbers of a {@link dev.peft4j.metrics.RegressionReport} over all
   * examples of an epoch ({@code mae}, {@code mse}, {@code rmse}, {@code r2}), and {@code loss},
   * which is {@code mse}.
   *
   * @param predicted the predicted numbers of a batch
   * @param expected the expected numbers, as many
   */
  static <B> Evaluator regression(
      Batches<B> data,
      Function<? super B, Tensor> predicted,
      Function<? super B, Tensor> expected) {
    return Evaluations.regressing(data, predicted, expected);
  }
}
