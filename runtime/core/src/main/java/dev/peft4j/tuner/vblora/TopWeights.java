package dev.peft4j.tuner.vblora;

import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.StoredTensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * Logits as a file with {@code save_only_topk_weights} has them: the chosen vectors, and all of
 * their weights but the last, which follows from the sum of 1. Read again, the logits of the others
 * are minus infinity.
 */
final class TopWeights {
  private static final String LOGITS = ".vblora_logits_";
  private static final String INDICES = "_topk_indices";
  private static final String WEIGHTS = "_topk_weights";

  private TopWeights() {}

  /** Returns the tensors of the file. */
  static SequencedMap<String, StoredTensor> stored(
      SequencedMap<String, StoredTensor> tensors, int k) {
    SequencedMap<String, StoredTensor> stored = new LinkedHashMap<>();
    tensors.forEach(
        (key, t) -> {
          if (key.contains(LOGITS)) {
            put(key, t, k, stored);
          } else {
            stored.put(key, t);
          }
        });
    return stored;
  }

  private static void put(
      String key, StoredTensor logits, int k, SequencedMap<String, StoredTensor> stored) {
    float[] all = logits.storage().toFloats();
    int h = logits.shape().dim(-1);
    int places = all.length / h;
    long[] chosen = TopVectors.of(all, h, k);
    int[] indices = new int[places * k];
    float[] weights = new float[places * (k - 1)];
    for (int place = 0; place < places; place++) {
      double sum = 0;
      double[] terms = new double[k];
      for (int i = 0; i < k; i++) {
        int at = (int) chosen[place * k + i];
        indices[place * k + i] = at;
        terms[i] = Math.exp(all[place * h + at] - all[place * h + (int) chosen[place * k]]);
        sum += terms[i];
      }
      for (int i = 0; i < k - 1; i++) {
        weights[place * (k - 1) + i] = (float) (terms[i] / sum);
      }
    }
    Shape shape = logits.shape();
    stored.put(
        key + INDICES, new StoredTensor(shape.with(shape.rank() - 1, k), Storage.of(indices)));
    stored.put(
        key + WEIGHTS, new StoredTensor(shape.with(shape.rank() - 1, k - 1), Storage.of(weights)));
  }

  /**
   * Returns the tensors with logits.
   *
   * @param h the number of vectors
   * @throws IllegalArgumentException naming a key whose tensor does not fit
   */
  static SequencedMap<String, StoredTensor> loaded(SequencedMap<String, StoredTensor> file, int h) {
    SequencedMap<String, StoredTensor> loaded = new LinkedHashMap<>();
    file.forEach(
        (key, t) -> {
          if (key.endsWith(INDICES)) {
            String own = key.substring(0, key.length() - INDICES.length());
            loaded.put(own, logits(own, t, file.get(own + WEIGHTS), h));
          } else if (!key.endsWith(WEIGHTS)) {
            loaded.put(key, t);
          }
        });
    return loaded;
  }

  private static StoredTensor logits(
      String key, StoredTensor indices, @Nullable StoredTensor w, int h) {
    Shape shape = indices.shape();
    int k = shape.rank() == 0 ? 0 : shape.dim(-1);
    if (k == 0 || w == null || !w.shape().equals(shape.with(shape.rank() - 1, k - 1))) {
      throw new IllegalArgumentException(
          key
              + INDICES
              + " has the shape "
              + shape
              + ", but "
              + key
              + WEIGHTS
              + (w == null ? " is not there" : " has " + w.shape())
              + "; needed the same, with one number fewer in the last dimension");
    }
    long[] chosen = indices.storage().toLongs();
    float[] weights = w.storage().toFloats();
    int places = chosen.length / k;
    float[] logits = new float[places * h];
    Arrays.fill(logits, Float.NEGATIVE_INFINITY);
    for (int place = 0; place < places; place++) {
      float rest = 1;
      for (int i = 0; i < k; i++) {
        long at = chosen[place * k + i];
        if (at < 0 || at >= h) {
          throw new IllegalArgumentException(
              key + INDICES + " has " + at + ", but the bank has only " + h + " vectors");
        }
        float weight = i < k - 1 ? weights[place * (k - 1) + i] : rest;
        rest -= weight;
        logits[place * h + (int) at] = (float) Math.log(weight);
      }
    }
    return new StoredTensor(shape.with(shape.rank() - 1, h), Storage.of(logits));
  }
}
