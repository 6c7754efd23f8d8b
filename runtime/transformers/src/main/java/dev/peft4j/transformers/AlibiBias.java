package dev.peft4j.transformers;

import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The bias that grows with a key's place (Press et al. 2022): slope · place, with a slope for each
 * head. Only differences of places matter, since a softmax does not change with what all scores
 * have in common.
 */
final class AlibiBias {
  private final float[] slopes;
  private final boolean raw;
  private final float scale;

  private AlibiBias(DecoderConfig config) {
    this.slopes = slopes(config.heads());
    this.raw = config.style().alibi() == Alibi.RAW_SCORES;
    this.scale = (float) (1 / Math.sqrt(config.headDim()));
  }

  /** Returns the bias of a model, or null if it has none. */
  static @Nullable AlibiBias of(DecoderConfig config) {
    return config.style().alibi() == Alibi.NONE ? null : new AlibiBias(config);
  }

  /**
   * Returns the bias of keys, (batch, heads, 1, keys), or (1, heads, 1, keys) without padding.
   *
   * @param token which places are tokens; null if all are
   */
  Tensor of(boolean @Nullable [] token, int batch, int keys) {
    int rows = token == null ? 1 : batch;
    float[] out = new float[rows * slopes.length * keys];
    for (int b = 0; b < rows; b++) {
      int place = 0;
      for (int j = 0; j < keys; j++) {
        boolean is = token == null || token[b * keys + j];
        for (int h = 0; is && h < slopes.length; h++) {
          out[(b * slopes.length + h) * keys + j] = bias(slopes[h], place);
        }
        place += is ? 1 : 0;
      }
    }
    return Tensor.of(out, rows, slopes.length, 1, keys);
  }

  private float bias(float slope, int place) {
    return raw ? rounded(rounded(slope) * rounded(place)) * scale : slope * place;
  }

  /** Returns the nearest number that bfloat16 has. */
  private static float rounded(float v) {
    int bits = Float.floatToIntBits(v);
    return Float.intBitsToFloat(bits + 0x7fff + (bits >> 16 & 1) & 0xffff0000);
  }

  /**
   * Returns the slopes: powers of 2^(−8 / heads) for a power of two of heads; further heads have
   * the odd powers of the base for twice as many.
   */
  private static float[] slopes(int heads) {
    int power = Integer.highestOneBit(heads);
    float[] out = new float[heads];
    for (int h = 0; h < heads; h++) {
      out[h] =
          h < power
              ? (float) Math.pow(base(power), h + 1)
              : (float) Math.pow(base(2 * power), 2 * (h - power) + 1);
    }
    return out;
  }

  private static float base(int power) {
    int log = Integer.numberOfTrailingZeros(power);
    return (float) Math.pow(2, -Math.pow(2, 3 - log));
  }
}
