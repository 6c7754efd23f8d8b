package dev.peft4j.tuner;

import dev.peft4j.optim.Optimizer;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The part of training with an adapter that comes besides the optimizer's steps. A {@link
 * dev.peft4j.train.Trainer} does it by itself; a loop of one's own calls {@link
 * PeftModel#addedLoss} and {@link PeftModel#step}.
 *
 * <p>What it has to remember from step to step belongs into {@link Optimizer#states}, beside the
 * optimizer's own, of the parameter's shape or of one number: so checkpoints hold it.
 */
public interface AdapterTraining {
  /** Returns what is added to the loss of each batch, a single value, or null. */
  default @Nullable Tensor addedLoss() {
    return null;
  }

  /**
   * Prepares for a step of the optimizer, when the gradients are known, but not computed: a
   * gradient that is needed after the step has to be retained.
   */
  default void beforeStep(Optimizer optimizer) {}

  /** Acts after a step of the optimizer; {@link Optimizer#steps} counts it. */
  default void afterStep(Optimizer optimizer) {}
}
