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

  /** Creates the exception with a message of callers that know more about the cause. */
  protected NonFiniteLossException(long step, float loss, String message) {
    super(message);
    this.step = step;
    this.loss = loss;
  }

  /** Returns the step that was stopped, counted from 1. */
  public long step() {
    return step;
  }

  /** Returns the loss. */
  public float loss() {
    return loss;
  }
}
