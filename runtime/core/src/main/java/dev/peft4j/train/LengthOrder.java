package dev.peft4j.train;

import dev.peft4j.data.Rng;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongFunction;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;

/** An order of examples in which neighbouring ones have similar lengths. */
record LengthOrder(int[] lengths, int size, long seed) implements LongFunction<int[]> {
  static <E> LengthOrder of(
      List<E> examples, int size, long seed, ToIntFunction<? super E> length) {
    int[] lengths = examples.stream().mapToInt(length).toArray();
    for (int i = 0; i < lengths.length; i++) {
      if (lengths[i] < 0) {
        throw new IllegalArgumentException(
            "batches: the length of example " + i + " is " + lengths[i] + ", needed 0 or more");
      }
    }
    return new LengthOrder(lengths, size, seed);
  }

  /** Returns what identifies this order. */
  String name() {
    return "by length (%s), shuffled with seed %d"
        .formatted(ContentDigest.of(List.of(lengths)), seed);
  }

  /**
   * Returns the examples sorted by length, equal lengths in random order; cut into batches, one of
   * them shorter, at a random place; and the batches shuffled, the short one last.
   */
  @Override
  public int[] apply(long epoch) {
    Rng rng = new Rng(Rng.mix(seed) + epoch);
    int n = lengths.length;
    int[] sorted =
        IntStream.of(rng.permutation(n))
            .boxed()
            .sorted(Comparator.comparingInt(i -> lengths[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    int full = n / size;
    int rest = n % size;
    int cut = (int) (rng.nextDouble() * (full + 1)) * size;
    int[] order = new int[n];
    int at = 0;
    for (int batch : rng.permutation(full)) {
      int from = batch * size;
      System.arraycopy(sorted, from < cut ? from : from + rest, order, at, size);
      at += size;
    }
    System.arraycopy(sorted, cut, order, at, rest);
    return order;
  }
}
