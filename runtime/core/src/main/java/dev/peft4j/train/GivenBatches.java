package dev.peft4j.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Batches that already exist, in the same order in each epoch. */
final class GivenBatches<B> implements Batches<B> {
  private final List<B> batches;

  GivenBatches(List<B> batches) {
    if (batches.isEmpty()) {
      throw new IllegalArgumentException(
          "batches: there are none and so there are no examples; needed at least one");
    }
    this.batches = List.copyOf(batches);
  }

  @Override
  public int count() {
    return batches.size();
  }

  @Override
  public B get(long epoch, int index) {
    if (epoch < 0 || index < 0 || index >= count()) {
      throw new IndexOutOfBoundsException(
          "batch " + index + " of epoch " + epoch + ": there are " + count() + " in an epoch");
    }
    return batches.get(index);
  }

  @Override
  public Map<String, String> fingerprint() {
    String contents = ContentDigest.of(batches);
    Map<String, String> all = new LinkedHashMap<>();
    all.put("number of batches", Integer.toString(count()));
    if (contents != null) {
      all.put("checksum of batches", contents);
    }
    return all;
  }
}
