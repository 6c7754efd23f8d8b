package dev.peft4j.backend.cpu;

/** The sums of {@link CodedLoops} in plain code, for as long as its loops are not compiled. */
final class FusedDots {
  private static final int SUMS = 32;

  private final float[] left;
  private final float[] right;
  private final float[] sums = new float[SUMS];

  /** For rows of {@code k} elements, whole pieces of 32; for one thread at a time. */
  FusedDots(int k) {
    left = new float[k];
    right = new float[k];
  }

  /** Takes the row that {@link #dot} multiplies with. */
  void weight(long w) {
    Memory.read(w, right, right.length);
  }

  /** Returns the product of a row and the weight's. */
  float dot(long x) {
    Memory.read(x, left, left.length);
    java.util.Arrays.fill(sums, 0);
    for (int i = 0; i < left.length; i += SUMS) {
      add(i);
    }
    for (int width = SUMS / 2; width > 0; width /= 2) {
      for (int i = 0; i < width; i++) {
        sums[i] += sums[i + width];
      }
    }
    return sums[0];
  }

  private void add(int at) {
    for (int i = 0; i < SUMS; i++) {
      sums[i] = Math.fma(right[at + i], left[at + i], sums[i]);
    }
  }
}
