package dev.peft4j.train;

import dev.peft4j.data.Rng;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/**
 * The data of a training run. The content of a batch depends only on its epoch and index, so that a
 * run that is resumed sees the same batches as one that was never interrupted.
 *
 * @param <B> what the loss is computed from
 */
public interface Batches<B> {
  /** Returns the number of batches in an epoch; at least 1, and always the same. */
  int count();

  /**
   * Makes a batch; the same arguments always give the same batch.
   *
   * @param epoch counted from 0
   * @param index from 0 to {@link #count} - 1
   */
  B get(long epoch, int index);

  /**
   * Returns batches of the examples in a new random order each epoch; the last batch of an epoch
   * has the rest.
   *
   * @param examples at least one
   * @param size examples in a batch, at least 1
   * @param seed determines the orders
   * @param collate makes a batch of some examples
   */
  static <E, B> Batches<B> shuffled(
      List<E> examples, int size, long seed, Function<? super List<E>, ? extends B> collate) {
    return new ExampleBatches<>(
        examples,
        size,
        epoch -> new Rng(Rng.mix(seed) + epoch).permutation(examples.size()),
        "shuffled with seed " + seed,
        collate);
  }

  /**
   * Returns batches of examples of similar length, so that there is little padding: sorted by
   * length, examples of equal length in a new random order each epoch, cut into batches, and the
   * batches shuffled. The last batch of an epoch has the rest, whose lengths differ from epoch to
   * epoch.
   *
   * @param examples at least one
   * @param size examples in a batch, at least 1
   * @param seed determines the orders
   * @param length the length of an example, such as its number of tokens; called once for each
   * @param collate makes a batch of some examples
   */
  static <E, B> Batches<B> byLength(
      List<E> examples,
      int size,
      long seed,
      ToIntFunction<? super E> length,
      Function<? super List<E>, ? extends B> collate) {
    LengthOrder order = LengthOrder.of(examples, size, seed, length);
    return new ExampleBatches<>(examples, size, order, order.name(), collate);
  }

  /**
   * Returns batches of the examples in their own order, the same in each epoch; see {@link
   * #shuffled}.
   */
  static <E, B> Batches<B> inOrder(
      List<E> examples, int size, Function<? super List<E>, ? extends B> collate) {
    int[] order = new int[examples.size()];
    for (int i = 0; i < order.length; i++) {
      order[i] = i;
    }
    return new ExampleBatches<>(examples, size, epoch -> order, "as given", collate);
  }

  /** Returns these batches, in this order in each epoch. */
  static <B> Batches<B> of(List<B> batches) {
    return new GivenBatches<>(batches);
  }

  /**
   * Returns the number of examples in a batch, or 0 if it is unknown. It is the weight of a batch
   * if the loss does not tell what it is the mean of, see {@link Trainer#counting}.
   */
  default int examples(long epoch, int index) {
    return 0;
  }

  /**
   * Returns facts, by name, that identify this data: a checkpoint stores them, and a run with other
   * data is not resumed. They must be the same in every process, and should differ for other
   * examples, another order and other batches.
   *
   * <p>Those of {@link #shuffled} and {@link #inOrder} are the number of examples, a checksum of
   * all of them, the batch size and what determines the order. The checksum covers numbers, texts,
   * arrays, collections, tensors, and the components and fields of records and objects that hold
   * such; if examples hold anything else (a function, an open file), batches are used instead, as
   * here.
   *
   * <p>The default, for other implementations, is the number of batches and a checksum of 64 of
   * them, spread over the first epoch, and of the first one of the second epoch; or the number
   * alone if batches hold anything else, or differ when they are made again.
   */
  default Map<String, String> fingerprint() {
    return DataFingerprint.of(this);
  }

  /**
   * Returns the same batches, made by another thread while earlier ones are in use. Close the
   * result after the run:
   *
   * <pre>{@code
   * try (var data = Batches.shuffled(examples, 32, 0, Example::collate).prefetch(2)) {
   *   Trainer.of(model, optimizer, data, loss).checkpoints(folder).resume();
   * }
   * }</pre>
   *
   * @param ahead the largest number of batches made in advance, at least 1
   */
  default PrefetchedBatches<B> prefetch(int ahead) {
    return new PrefetchedBatches<>(this, ahead);
  }

  /** Returns all batches of one epoch. */
  default List<B> epoch(long epoch) {
    List<B> all = new ArrayList<>(count());
    for (int i = 0; i < count(); i++) {
      all.add(get(epoch, i));
    }
    return all;
  }
}
