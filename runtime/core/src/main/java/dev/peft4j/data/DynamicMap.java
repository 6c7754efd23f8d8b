package dev.peft4j.data;

import java.util.Arrays;

/**
 * The 8-bit codes of bitsandbytes' double quantization: numbers from −1 to 1 whose distances shrink
 * towards 0, ten to the power of a few bits times a fraction of the others.
 */
public final class DynamicMap {
  private static final int EXPONENTS = 7;
  private static final int GRID = 65_535;
  private static final float[] VALUES = create();

  private DynamicMap() {}

  /** Returns what code {@code code}, from 0 to 255, stands for; rising. */
  public static float value(int code) {
    return VALUES[code];
  }

  /** For each exponent the midpoints of equal pieces from 0.1 to 1; both signs, 0 and 1. */
  private static float[] create() {
    float[] all = new float[256];
    int n = 0;
    for (int i = 0; i < EXPONENTS; i++) {
      int pieces = 1 << i;
      float power = (float) Math.pow(10, i - EXPONENTS + 1);
      for (int k = 0; k < pieces; k++) {
        float middle = (border(k, pieces) + border(k + 1, pieces)) / 2;
        all[n++] = power * middle;
        all[n++] = -(power * middle);
      }
    }
    all[n++] = 0;
    all[n++] = 1;
    Arrays.sort(all);
    return all;
  }

  /** Point {@code k} of {@code pieces} + 1 from 0.1 to 1, counted from the nearer end. */
  private static float border(int k, int pieces) {
    float step = (1 - 0.1f) / pieces;
    return k < (pieces + 1) / 2 ? Math.fma(step, k, 0.1f) : Math.fma(-step, pieces - k, 1f);
  }

  /**
   * Returns the mean of numbers in float32, added up in the order of PyTorch's sum on one thread of
   * a CPU, which bitsandbytes takes it from: the bits depend on that.
   */
  static float mean(float[] x) {
    return x.length == 0 ? 0 : CascadeSum.of(x) / x.length;
  }

  /**
   * Encodes numbers as bitsandbytes does on the CPU: each is first rounded to one of 65,536 points.
   *
   * @param x the numbers
   * @param mean what is subtracted from each
   * @param group how many share a maximum
   * @param codes where the codes go, one for each number
   * @return the maxima
   */
  public static float[] encode(float[] x, float mean, int group, byte[] codes) {
    float[] maxima = new float[(x.length + group - 1) / group];
    for (int g = 0; g < maxima.length; g++) {
      int from = g * group;
      int to = Math.min(x.length, from + group);
      float most = 0;
      for (int i = from; i < to; i++) {
        most = Math.max(most, Math.abs(x[i] - mean));
      }
      maxima[g] = most;
      for (int i = from; i < to; i++) {
        codes[i] = most == 0 ? 0 : (byte) code((x[i] - mean) * (1 / most));
      }
    }
    return maxima;
  }

  private static int code(float x) {
    float s = Math.max(-1, Math.min(1, x));
    int point = (int) ((s + 1) * 0.5f * GRID + 0.5f);
    float rounded = -1 + 2f * point / GRID;
    int at = Arrays.binarySearch(VALUES, rounded);
    int i = Math.max(1, Math.min(255, at < 0 ? -at - 1 : at));
    return Math.abs(VALUES[i] - rounded) < Math.abs(rounded - VALUES[i - 1]) ? i : i - 1;
  }
}
