package dev.peft4j.train;

import dev.peft4j.data.Rng;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/**
 * The data of a training run. What a batch holds follows from its place alone, so that a run that
 * is continued sees the same batches as one that was never interrupted.
 *
 * @param <B> what the loss is computed from
 */
public interface Batches<B> {
  /** Batches in an epoch; at least 1, and always the same. */
  int count();

  /**
   * Makes a batch; the same one whenever it is asked for.
   *
   * @param epoch counted from 0
   * @param index from 0 to {@link #count} - 1
   */
  B get(long epoch, int index);

  /**
   * Examples in a new random order each epoch; the last batch of an epoch has what is left.
   *
   * @param examples at least one
   * @param size examples in a batch, at least 1
   * @param seed decides the orders
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
   * Examples of similar length together, so that little of a batch is padding: sorted by length,
   * equal lengths in a new random order each epoch, cut into batches, and the batches shuffled. The
   * last batch of an epoch has what is left of a division by the size; which lengths these have is
   * another one each epoch.
   *
   * @param examples at least one
   * @param size examples in a batch, at least 1
   * @param seed decides the orders
   * @param length the length of an example, such as its number of tokens, asked for once
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

  /** Examples in their own order, the same in each epoch; see {@link #shuffled}. */
  static <E, B> Batches<B> inOrder(
      List<E> examples, int size, Function<? super List<E>, ? extends B> collate) {
    int[] order = new int[examples.size()];
    for (int i = 0; i < order.length; i++) {
      order[i] = i;
    }
    return new ExampleBatches<>(examples, size, epoch -> order, "as given", collate);
  }

  /** These batches, in this order, in each epoch. */
  static <B> Batches<B> of(List<B> batches) {
    return new GivenBatches<>(batches);
  }

  /**
   * Returns how many examples a batch has, or 0 if that is not known. It weighs a batch among
   * others where its loss does not say what it counts, see {@link Trainer#counting}.
   */
  default int examples(long epoch, int index) {
    return 0;
  }

  /**
   * Returns what tells this data from other data, by name: a checkpoint keeps it, and a run with
   * other data is not continued. It has to be the same in every process, and should be different
   * for other examples, another order and other batches.
   *
   * <p>That of {@link #shuffled} and {@link #inOrder} has the number of examples, a checksum of all
   * of them, the size of batches and what decides the order. A checksum is of numbers, texts,
   * arrays, collections, tensors, and of the components and fields of records and objects with
   * such; if examples hold something else (a function, an open file), batches stand for them, as
   * here.
   *
   * <p>Here, for batches of one's own, it has the number of batches and a checksum of 64 of them,
   * spread over the first epoch, and of the first of the second epoch. It is of the number only if
   * batches hold something else, or a batch is another one when it is asked for again.
   */
  default Map<String, String> fingerprint() {
    return DataFingerprint.of(this);
  }

  /**
   * Returns the same batches, made by a thread of their own while the ones before are computed
   * with. Close them after the run:
   *
   * <pre>{@code
   * try (var data = Batches.shuffled(examples, 32, 0, Example::collate).prefetch(2)) {
   *   Trainer.of(model, optimizer, data, loss).checkpoints(folder).resume();
   * }
   * }</pre>
   *
   * @param ahead how many batches may wait, at least 1
   */
  default PrefetchedBatches<B> prefetch(int ahead) {
    return new PrefetchedBatches<>(this, ahead);
  }

  /** All batches of one epoch. */
  default List<B> epoch(long epoch) {
    List<B> all = new ArrayList<>(count());
    for (int i = 0; i < count(); i++) {
      all.add(get(epoch, i));
    }
    return all;
  }
}
