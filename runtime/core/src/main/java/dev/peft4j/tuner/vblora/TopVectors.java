package dev.peft4j.tuner.vblora;

import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;

/** The choice of vectors by their logits. */
final class TopVectors {
  private TopVectors() {}

  /**
   * Returns the positions of the largest logits of each place, the largest first: (…, h) to (…, k).
   */
  static Tensor of(Parameter logits, int k) {
    long[] chosen = of(logits.toFloats(), logits.dim(-1), k);
    int[] shape = logits.shape().toArray();
    shape[shape.length - 1] = k;
    return Tensor.of(chosen, shape);
  }

  /**
   * Returns the positions of the {@code k} largest of each {@code h} numbers, the largest first.
   */
  static long[] of(float[] all, int h, int k) {
    int places = all.length / h;
    long[] chosen = new long[places * k];
    for (int place = 0; place < places; place++) {
      choose(all, place * h, h, chosen, place * k, k);
    }
    return chosen;
  }

  private static void choose(float[] logits, int at, int h, long[] chosen, int to, int k) {
    int found = 0;
    for (int i = 0; i < h; i++) {
      float value = logits[at + i];
      int place = found;
      while (place > 0 && logits[at + (int) chosen[to + place - 1]] < value) {
        place--;
      }
      if (place < k) {
        int last = Math.min(found, k - 1);
        System.arraycopy(chosen, to + place, chosen, to + place + 1, last - place);
        chosen[to + place] = i;
        found = Math.min(found + 1, k);
      }
    }
  }

  /**
   * Throws if the logits come from a file of only the chosen vectors: those of the others are gone.
   */
  static void requireTrainable(Parameter logits) {
    float[] first = logits.slice(0, 0, 1).slice(1, 0, 1).toFloats();
    for (float v : first) {
      if (v == Float.NEGATIVE_INFINITY) {
        throw new IllegalStateException(
            "'"
                + logits.name()
                + "' is from a file with save_only_topk_weights, which holds only the chosen"
                + " vectors: the adapter can be used, but not trained");
      }
    }
  }
}
