package dev.peft4j.tuner;

import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.tensor.Tensor;
import java.util.Collection;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Training with adapters: modes, steps, and what adapters add to them. */
public interface TrainsAdapters {
  /**
   * Turns on training mode for calls that this thread makes through these adapters, until it calls
   * {@link #eval}: dropout is active. Other threads, calls that have begun, and other adapted
   * models of the same base stay in the mode that they are in.
   */
  void train();

  /**
   * Turns on evaluation mode for calls through these adapters: dropout does nothing. It is for
   * every thread but those that called {@link #train} or made an optimizer step in training mode;
   * calls that have begun and other adapted models of the same base stay in the mode that they are
   * in.
   */
  void eval();

  /** Returns whether calls that this thread makes through these adapters are in training mode. */
  boolean training();

  /**
   * Runs {@code body}, on this thread, in training mode, and with random numbers that nothing else
   * draws from: what it trains is the same, bit by bit, whatever other threads do with the base.
   *
   * @param trained the parameters that it trains; a later run that trains the same adapters draws
   *     the numbers that follow
   */
  <T> T training(Collection<Parameter> trained, Supplier<T> body);

  /**
   * Returns what the adapters that act here add to the loss of a batch, such as AdaLoRA's part that
   * keeps factors orthogonal; null if it is nothing.
   */
  @Nullable Tensor addedLoss();

  /**
   * Makes a step of the optimizer, and does what the adapters that act here do around one, such as
   * AdaLoRA's allocation of ranks.
   */
  void step(Optimizer optimizer);

  /**
   * Runs {@code body} in evaluation mode. Threads that use the model for the first time meanwhile,
   * such as helpers of {@code body}, are in it, too.
   */
  <T> T evaluating(Supplier<T> body);
}
