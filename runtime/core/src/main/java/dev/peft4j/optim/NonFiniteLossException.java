package dev.peft4j.optim;

import dev.peft4j.Peft4jException;

/**
 * The loss of a step was NaN or infinite; no parameter and no optimizer state was changed by that
 * step.
 */
public class NonFiniteLossException extends Peft4jException {
  private static final long serialVersionUID = 1L;

  private final long step;
  private final float loss;

  NonFiniteLossException(long step, float loss) {
    this(
        step,
        loss,
        "step "
            + step
            + ": the loss is "
            + loss
            + ", needed a finite number; nothing was changed. Lower the learning rate, clip"
            + " gradients, or look for bad input");
  }

  /** For those that know more about it. */
  protected NonFiniteLossException(long step, float loss, String message) {
    super(message);
    this.step = step;
    this.loss = loss;
  }

  /** The step that was stopped, counted from 1. */
  public long step() {
    return step;
  }

  /** The loss. */
  public float loss() {
    return loss;
  }
}
