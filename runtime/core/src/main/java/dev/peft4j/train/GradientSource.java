package dev.peft4j.train;

import dev.peft4j.nn.Parameter;
import java.util.List;
import java.util.function.Consumer;

/**
 * A computer of the gradients of a step's batches elsewhere than in the trainer's process, such as
 * on the executors of a cluster; see {@link Trainer#gradients}. A {@link GradientWorker} there does
 * what the trainer would do here, so that the result is the same, bit for bit.
 */
public interface GradientSource {
  /**
   * Computes the gradients of batches of one step.
   *
   * @param place the step
   * @param tasks the batches, in their order
   * @param parameters that are trained, with the values that the gradients are wanted for; one that
   *     is frozen meanwhile gets no gradient
   * @param results receives the gradients of each batch once, in the order of {@code tasks}, on the
   *     calling thread; they belong to the receiver
   */
  void compute(
      StepPlace place,
      List<BatchTask> tasks,
      List<Parameter> parameters,
      Consumer<BatchGradient> results);
}
