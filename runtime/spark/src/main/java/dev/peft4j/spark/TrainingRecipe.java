package dev.peft4j.spark;

import dev.peft4j.nn.Trainable;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import java.io.IOException;
import java.io.Serializable;

/**
 * The way to make a model, its data and its loss, which travels to the executors: each process that
 * trains makes its own. It has to give the same everywhere, so what is random has a seed ({@link
 * dev.peft4j.data.Rng#with}), and files are where every executor finds them under the same path.
 * Only the values of the parameters that are trained need not be the same: they come from the
 * driver.
 *
 * @param <M> what all threads of a process share, such as a frozen model
 * @param <P> the model that is trained
 * @param <B> what the loss is computed from
 */
public interface TrainingRecipe<M, P extends Trainable, B> extends Serializable {
  /**
   * Loads what the threads of a process share, such as a frozen model; called once a process.
   *
   * @throws IOException if it cannot be read; the driver's exception then names the host
   */
  M base() throws IOException;

  /**
   * Makes the model that is trained, such as adapters on the base; called once for each task that
   * an executor runs at the same time. Adapters on one base share its weights; the rest is each
   * one's own.
   */
  P adapt(M base);

  /**
   * Returns the data; called once a process, whose tasks take batches at the same time.
   *
   * @throws IOException if they cannot be read; the driver's exception then names the host
   */
  Batches<B> data() throws IOException;

  /**
   * Computes the loss of a batch, a single value, in a call of the model with its adapters.
   *
   * @param model one that {@link #adapt} has made
   */
  Tensor loss(P model, B batch);

  /**
   * Returns the number of things that the loss of a batch is the mean of; NaN, the default, if the
   * loss tells. See {@link dev.peft4j.train.Trainer#counting}.
   */
  default double count(B batch) {
    return Double.NaN;
  }

  /** Returns where the base comes from, such as a folder, for messages. */
  default String origin() {
    return "made by " + getClass().getName();
  }
}
