package dev.peft4j.train;

/** The loss of a step's batches together. */
interface StepLoss {
  /** Returns the loss, after the step. */
  double loss();

  /** Returns the number of things that the loss is the mean of, after the step. */
  double count();
}
