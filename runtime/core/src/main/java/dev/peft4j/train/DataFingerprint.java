package dev.peft4j.train;

import dev.peft4j.data.Rng;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A fingerprint of batches from a sample of their contents. */
final class DataFingerprint {
  private static final int SAMPLES = 64;

  private DataFingerprint() {}

  static <B> Map<String, String> of(Batches<B> data) {
    Map<String, String> all = new LinkedHashMap<>();
    int n = data.count();
    all.put("number of batches", Integer.toString(n));
    // what is random in making them must not depend on when they are made, nor change the run
    String first = Rng.with(0, () -> ContentDigest.of(List.of(data.get(0, 0))));
    String again = Rng.with(0, () -> ContentDigest.of(List.of(data.get(0, 0))));
    if (first == null || !first.equals(again)) {
      return all;
    }
    List<String> sums = new ArrayList<>();
    for (int i = 0; i < Math.min(n, SAMPLES); i++) {
      int at = n <= SAMPLES ? i : (int) ((long) i * (n - 1) / (SAMPLES - 1));
      sums.add(String.valueOf(Rng.with(0, () -> ContentDigest.of(List.of(data.get(0, at))))));
    }
    sums.add(String.valueOf(Rng.with(0, () -> ContentDigest.of(List.of(data.get(1, 0))))));
    String contents = ContentDigest.of(sums);
    if (contents != null) {
      all.put("checksum of batches", contents);
    }
    return all;
  }
}
