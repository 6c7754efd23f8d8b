package dev.peft4j.data;

/**
 * PyTorch's sum of float32 on one thread of an x86 CPU, bit for bit: 32 sums side by side (four
 * vectors of 8, or four numbers where there are fewer than 8), each a cascade of four levels, in
 * which a level is added to the next one after a power of two of additions.
 */
final class CascadeSum {
  private static final int LANES = 8;
  private static final int ROWS = 4;
  private static final int LEVELS = 4;
  private static final int LEAST_POWER = 4;

  private CascadeSum() {}

  /** Returns the sum of numbers. */
  static float of(float[] x) {
    int lanes = x.length < LANES ? 1 : LANES;
    int vectors = x.length / lanes;
    float[] sums = cascade(x, ROWS * lanes, vectors / ROWS);
    for (int v = vectors / ROWS * ROWS; v < vectors; v++) {
      for (int k = 0; k < lanes; k++) {
        sums[k] += x[v * lanes + k];
      }
    }
    for (int r = 1; r < ROWS; r++) {
      add(sums, r * lanes, sums, lanes);
    }
    float sum = 0;
    for (int i = vectors * lanes; i < x.length; i++) {
      sum += x[i];
    }
    for (int k = 0; k < lanes; k++) {
      sum += sums[k];
    }
    return sum;
  }

  /** The sums of the columns of {@code count} rows of that width. */
  private static float[] cascade(float[] x, int width, int count) {
    int log = count <= 2 ? 1 : Integer.SIZE - Integer.numberOfLeadingZeros(count - 1);
    int power = Math.max(LEAST_POWER, log / LEVELS);
    int mask = (1 << power) - 1;
    float[][] levels = new float[LEVELS][width];
    for (int i = 0; i < count; ) {
      add(x, i * width, levels[0], width);
      i++;
      // what is left at the end stays in the first level
      boolean full = (i & mask) == 0;
      for (int level = 1; full && level < LEVELS; level++) {
        add(levels[level - 1], 0, levels[level], width);
        java.util.Arrays.fill(levels[level - 1], 0);
        full = (i & mask << level * power) == 0;
      }
    }
    for (int level = 1; level < LEVELS; level++) {
      add(levels[level], 0, levels[0], width);
    }
    return levels[0];
  }

  private static void add(float[] from, int at, float[] to, int n) {
    for (int k = 0; k < n; k++) {
      to[k] += from[at + k];
    }
  }
}
