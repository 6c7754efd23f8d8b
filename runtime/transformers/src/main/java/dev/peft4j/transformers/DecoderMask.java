package dev.peft4j.transformers;

import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Which keys the queries of a decoder see: none later, no padding, none of another text. */
final class DecoderMask {
  private static final float HIDDEN = -Float.MAX_VALUE;

  /**
   * A mask for the attention.
   *
   * @param additive added to the scores, broadcasts to (batch, heads, tokens, tokens); or null
   * @param causal whether later keys are hidden besides
   */
  record Seen(@Nullable Tensor additive, boolean causal) {}

  private final int batch;
  private final int tokens;

  /** 1 at tokens, by row and place; null if all are tokens. */
  private final long @Nullable [] mask;

  /** The number of a text in its row, by row and place; null if each row is one text. */
  private final long @Nullable [] texts;

  private final int rowsOfTexts;

  /** The slope of each head, or null. */
  private final float @Nullable [] slopes;

  private final Alibi alibi;
  private final float scale;

  private DecoderMask(
      int batch,
      int tokens,
      long @Nullable [] mask,
      long @Nullable [] texts,
      int rowsOfTexts,
      DecoderConfig config) {
    this.batch = batch;
    this.tokens = tokens;
    this.mask = mask;
    this.texts = texts;
    this.rowsOfTexts = rowsOfTexts;
    this.alibi = config.style().alibi();
    this.slopes = alibi == Alibi.NONE ? null : slopes(config.heads());
    this.scale = (float) (1 / Math.sqrt(config.headDim()));
  }

  static DecoderMask of(DecoderInput in, DecoderConfig config) {
    int batch = in.inputIds().dim(0);
    int tokens = in.inputIds().dim(1);
    Tensor given = in.attentionMask();
    long[] mask = given == null ? null : values(given);
    boolean hides = false;
    for (int i = 0; mask != null && i < mask.length; i++) {
      hides |= mask[i] == 0;
    }
    Tensor positions = in.positionIds();
    long[] texts =
        given == null && positions != null ? texts(positions.toLongs(), tokens) : null;
    return new DecoderMask(
        batch,
        tokens,
        hides ? mask : null,
        texts,
        positions == null ? 1 : positions.dim(0),
        config);
  }

  private static long[] values(Tensor mask) {
    if (mask.dtype().isInteger()) {
      return mask.toLongs();
    }
    float[] v = mask.toFloats();
    long[] out = new long[v.length];
    for (int i = 0; i < v.length; i++) {
      out[i] = v[i] == 0 ? 0 : 1;
    }
    return out;
  }

  /** Numbers the texts of each row: one begins where a position does not follow the one before. */
  private static long @Nullable [] texts(long[] positions, int tokens) {
    long[] out = new long[positions.length];
    boolean several = false;
    for (int i = 0; i < out.length; i++) {
      boolean first = i % tokens == 0;
      boolean next = !first && positions[i] != positions[i - 1] + 1;
      out[i] = first ? 0 : out[i - 1] + (next ? 1 : 0);
      several |= next;
    }
    return several ? out : null;
  }

  /** Returns the mask for a window, 0 for none; {@code whole} if it has to hide later keys too. */
  Seen seen(int window, boolean whole) {
    if (window == 0 && texts == null && !whole) {
      return new Seen(mask == null && slopes == null ? null : ofKeys(), true);
    }
    int rows = mask != null ? batch : texts != null ? rowsOfTexts : 1;
    float[] out = new float[rows * tokens * tokens];
    for (int b = 0; b < rows; b++) {
      for (int i = 0; i < tokens; i++) {
        for (int j = 0; j < tokens; j++) {
          boolean sees =
              j <= i
                  && (window == 0 || i - j < window)
                  && (mask == null || mask[b * tokens + j] != 0)
                  && (texts == null || texts[row(b) + i] == texts[row(b) + j]);
          out[(b * tokens + i) * tokens + j] = sees ? 0 : HIDDEN;
        }
      }
    }
    Tensor additive = Tensor.of(out, rows, 1, tokens, tokens);
    return new Seen(slopes == null ? additive : additive.add(bias()).maximum(HIDDEN), false);
  }

  private int row(int b) {
    return (rowsOfTexts == 1 ? 0 : b) * tokens;
  }

  /** Returns what is added to a key's scores, whatever the query: (batch, heads or 1, 1, tokens). */
  private Tensor ofKeys() {
    Tensor bias = slopes == null ? null : bias();
    if (mask == null) {
      return java.util.Objects.requireNonNull(bias);
    }
    float[] out = new float[batch * tokens];
    for (int i = 0; i < out.length; i++) {
      out[i] = mask[i] == 0 ? HIDDEN : 0;
    }
    Tensor hidden = Tensor.of(out, batch, 1, 1, tokens);
    return bias == null ? hidden : hidden.add(bias).maximum(HIDDEN);
  }

  /** Returns ALiBi's bias, (batch, heads, 1, tokens). */
  private Tensor bias() {
    float[] ofHeads = java.util.Objects.requireNonNull(slopes);
    int rows = mask == null ? 1 : batch;
    float[] out = new float[rows * ofHeads.length * tokens];
    for (int b = 0; b < rows; b++) {
      int place = 0;
      for (int j = 0; j < tokens; j++) {
        boolean token = mask == null || mask[b * tokens + j] != 0;
        for (int h = 0; h < ofHeads.length; h++) {
          out[(b * ofHeads.length + h) * tokens + j] = token ? biasOf(ofHeads[h], place) : 0;
        }
        place += token ? 1 : 0;
      }
    }
    return Tensor.of(out, rows, ofHeads.length, 1, tokens);
  }

  private float biasOf(float slope, int place) {
    return alibi == Alibi.RAW_SCORES
        ? rounded(rounded(slope) * rounded(place)) * scale
        : slope * place;
  }

  /** Returns the nearest number that bfloat16 has. */
  private static float rounded(float v) {
    int bits = Float.floatToIntBits(v);
    return Float.intBitsToFloat(bits + 0x7fff + (bits >> 16 & 1) & 0xffff0000);
  }

  /** Returns the slope of each head: powers of 2^(−8 / heads), for a power of two of heads. */
  static float[] slopes(int heads) {
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
    double log = Math.log(power) / Math.log(2);
    return (float) Math.pow(2, -Math.pow(2, -(log - 3)));
  }
}
