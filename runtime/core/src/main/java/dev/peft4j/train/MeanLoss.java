package dev.peft4j.train;

import dev.peft4j.tensor.Tensor;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** The mean of a loss over examples. */
record MeanLoss<B>(
    Batches<B> data, Function<? super B, Tensor> loss, ToDoubleFunction<? super B> counting)
    implements Evaluator {
  @Override
  public Map<String, Double> evaluate() {
    Weighted mean = new Weighted();
    for (int i = 0; i < data.count(); i++) {
      B batch = data.get(0, i);
      double given = counting.applyAsDouble(batch);
      Tensor l = loss.apply(batch);
      LossCount count = LossCount.of(l);
      count.retain();
      float value = l.item();
      double n = Double.isNaN(given) ? count.value(data.examples(0, i)) : given;
      // a sum of n losses is n times their mean
      mean.add(count.isSum() && Double.isNaN(given) ? value / n : value, n);
    }
    return Map.of("loss", mean.mean());
  }

  @Override
  public Set<String> names() {
    return Set.of("loss");
  }

  /** Throws if a count of a loss is not valid. */
  static double checked(double counted) {
    if (!(counted >= 0 && Double.isFinite(counted))) {
      throw new IllegalArgumentException(
          "the loss of a batch counts "
              + counted
              + " things; needed a finite number that is not negative");
    }
    return counted;
  }
}
