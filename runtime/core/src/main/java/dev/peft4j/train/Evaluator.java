package dev.peft4j.train;

import dev.peft4j.tensor.Tensor;
import java.util.Map;
import java.util.function.Function;

/** Measures the model as it is; it is in evaluation mode meanwhile. */
@FunctionalInterface
public interface Evaluator {
  /** Numbers by name, such as {@code loss} and {@code accuracy}. */
  Map<String, Double> evaluate();

  /** The mean of a loss over all batches of an epoch, called {@code loss}. */
  static <B> Evaluator meanLoss(Batches<B> data, Function<? super B, Tensor> loss) {
    return () -> {
      double sum = 0;
      for (int i = 0; i < data.count(); i++) {
        sum += loss.apply(data.get(0, i)).item();
      }
      return Map.of("loss", sum / data.count());
    };
  }
}
