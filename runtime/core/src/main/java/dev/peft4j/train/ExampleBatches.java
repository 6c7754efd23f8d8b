package dev.peft4j.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/** Batches made of examples, in an order that depends on the epoch. */
final class ExampleBatches<E, B> implements Batches<B> {
  private record Order(long epoch, int[] indices) {}

  private final List<E> examples;
  private final int size;
  private final LongFunction<int[]> order;
  private final String orderName;
  private final Function<? super List<E>, ? extends B> collate;
  private volatile @Nullable Order last;

  ExampleBatches(
      List<E> examples,
      int size,
      LongFunction<int[]> order,
      String orderName,
      Function<? super List<E>, ? extends B> collate) {
    if (examples.isEmpty()) {
      throw new IllegalArgumentException("batches: there are no examples; needed at least one");
    }
    if (size < 1) {
      throw new IllegalArgumentException("batches: the size is " + size + ", must be at least 1");
    }
    this.examples = List.copyOf(examples);
    this.size = size;
    this.order = order;
    this.orderName = orderName;
    this.collate = collate;
  }

  @Override
  public int count() {
    return (examples.size() - 1) / size + 1;
  }

  @Override
  public B get(long epoch, int index) {
    if (epoch < 0 || index < 0 || index >= count()) {
      throw new IndexOutOfBoundsException(
          "batch " + index + " of epoch " + epoch + ": there are " + count() + " in an epoch");
    }
    int[] indices = order(epoch);
    int to = (int) Math.min((long) (index + 1) * size, indices.length);
    List<E> chosen = new ArrayList<>(size);
    for (int i = index * size; i < to; i++) {
      chosen.add(examples.get(indices[i]));
    }
    return collate.apply(chosen);
  }

  @Override
  public int examples(long epoch, int index) {
    return (int) Math.min(size, examples.size() - (long) index * size);
  }

  @Override
  public Map<String, String> fingerprint() {
    String contents = ContentDigest.of(examples);
    Map<String, String> all = new LinkedHashMap<>();
    all.put("number of examples", Integer.toString(examples.size()));
    if (contents != null) {
      all.put("checksum of examples", contents);
    }
    all.put("batch size", Integer.toString(size));
    all.put("order", orderName);
    if (contents == null) {
      all.putAll(DataFingerprint.of(this));
    }
    return all;
  }

  private int[] order(long epoch) {
    Order known = last;
    if (known == null || known.epoch != epoch) {
      known = new Order(epoch, order.apply(epoch));
      last = known;
    }
    return known.indices;
  }
}
