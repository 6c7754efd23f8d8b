package dev.peft4j.data;

/** What the encodings with a minimum share: the range of a block, and codes within it. */
final class Extremes {
  private Extremes() {}

  static float min(float[] values) {
    float min = values[0];
    for (float v : values) {
      min = v < min ? v : min;
    }
    return min;
  }

  static float max(float[] values) {
    float max = values[0];
    for (float v : values) {
      max = v > max ? v : max;
    }
    return max;
  }

  static int code(float value, float min, float factor, int most) {
    return Math.min(most, (int) ((value - min) * factor + 0.5f) & 0xff);
  }
}
