package dev.peft4j.transformers;

import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.NextTokenLoss.Measured;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Token accuracy and entropy of the steps of a run, as TRL logs them: means over the counted tokens
 * of a batch, then over the batches of a step. They come from the training's own pass:
 *
 * <pre>{@code
 * TokenMetrics metrics = new TokenMetrics();
 * Trainer.of(adapted, optimizer, batches, b -> metrics.loss(rule, model, b))
 *     .measuring(metrics::step)
 *     .listener(new CsvLog(folder, TokenMetrics.NAMES))
 * }</pre>
 */
public final class TokenMetrics {
  /** The mean entropy of the distributions that counted tokens are drawn from, in nats. */
  public static final String ENTROPY = "entropy";

  /** The part of the counted tokens that are the model's first choice. */
  public static final String ACCURACY = "mean_token_accuracy";

  /** The names of the numbers, in order. */
  public static final List<String> NAMES = List.of(ENTROPY, ACCURACY);

  private final List<Tensor> batches = new ArrayList<>();

  /** Returns the loss of a batch, and keeps its metrics for {@link #step}. */
  public Tensor loss(NextTokenLoss rule, CausalLm model, CausalBatch batch) {
    Measured measured = rule.measured(model, batch);
    @Nullable Tensor metrics = measured.metrics();
    if (metrics != null && batch.counted() > 0) {
      metrics.node().retain();
      batches.add(metrics);
    }
    return measured.loss();
  }

  /**
   * Returns the numbers of the batches since the last call; empty if there are none, because
   * nothing counted or the output layer's adapter needs all logits.
   */
  public Map<String, Double> step() {
    Map<String, Double> means = new LinkedHashMap<>();
    if (!batches.isEmpty()) {
      double accuracy = 0;
      double entropy = 0;
      for (Tensor t : batches) {
        float[] values = t.toFloats();
        accuracy += values[0];
        entropy += values[1];
      }
      means.put(ENTROPY, entropy / batches.size());
      means.put(ACCURACY, accuracy / batches.size());
    }
    batches.clear();
    return means;
  }
}
