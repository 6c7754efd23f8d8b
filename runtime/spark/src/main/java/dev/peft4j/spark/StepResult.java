package dev.peft4j.spark;

import dev.peft4j.train.BatchGradient;
import dev.peft4j.train.Draws;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * What an executor returns for a batch: gradients, or a reason why it cannot compute them.
 *
 * @param refusal a sentence, or null
 */
record StepResult(
    @Nullable String refusal,
    int index,
    float loss,
    double count,
    double scale,
    boolean sums,
    @Nullable Draws end,
    @Nullable Tensors gradients)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  static StepResult of(BatchGradient g, StepValues step) {
    return new StepResult(
        null,
        g.index(),
        g.loss(),
        g.count(),
        g.scale(),
        g.sums(),
        g.end(),
        new Tensors(g.gradients(), step.compression(), step.local()));
  }

  static StepResult refused(String reason) {
    return new StepResult(reason, 0, 0, 0, 0, false, null, null);
  }

  BatchGradient gradient() {
    if (end == null || gradients == null) {
      throw new IllegalStateException(String.valueOf(refusal));
    }
    return new BatchGradient(index, loss, count, scale, sums, end, gradients.values());
  }
}
