package dev.peft4j.data;

import com.google.auto.service.AutoService;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Blocks of 32 signed bytes under one scale of half precision, 8.5 bits a value, as in llama.cpp
 * and GGUF. Encoding is ggml's ({@code quantize_row_q8_0_ref}), bit for bit: the scale is the
 * largest magnitude divided by 127; each value is multiplied by the scale's reciprocal and rounded
 * to the nearest whole number, halves away from zero. Codes are computed from the scale before it
 * is rounded to half precision; a decoded value is scale times code.
 */
@AutoService(Encoding.class)
public final class Q8_0 extends Encoding {
  private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfByte I8 = ValueLayout.JAVA_BYTE;
  private static final int VALUES = 32;
  private static final int BYTES = 34;
  private static final int SCALE_BYTES = 2;
  private static final int MAX_CODE = 127;

  /** From here on, half precision rounds to infinity. */
  private static final float HALF_OVERFLOW = 65520;

  /** Creates the encoding; all are equal. */
  public Q8_0() {
    super("Q8_0", DType.FLOAT32, VALUES, BYTES);
  }

  @Override
  public String ggufName() {
    return "Q8_0";
  }

  @Override
  public int ggufType() {
    return 8;
  }

  @Override
  public int[] wideFields() {
    return new int[] {0, SCALE_BYTES};
  }

  @Override
  public void decode(MemorySegment from, long first, MemorySegment to, long at, long blocks) {
    for (long b = 0; b < blocks; b++) {
      long block = first + b * BYTES;
      float scale = Float.float16ToFloat(from.get(I16, block));
      long out = at + b * VALUES * 4;
      for (int i = 0; i < VALUES; i++) {
        to.set(F32, out + i * 4L, scale * from.get(I8, block + SCALE_BYTES + i));
      }
    }
  }

  @Override
  public void encode(MemorySegment from, long first, MemorySegment to, long at, long blocks) {
    for (long b = 0; b < blocks; b++) {
      long in = first + b * VALUES * 4;
      float scale = max(from, in) / MAX_CODE;
      short half = Float.floatToFloat16(scale);
      if (!Float.isFinite(Float.float16ToFloat(half))) {
        throw new NonFiniteException(refusal(from, in));
      }
      long block = at + b * BYTES;
      to.set(I16, block, half);
      float reciprocal = 1 / scale;
      float factor = Float.isFinite(reciprocal) ? reciprocal : 0;
      for (int i = 0; i < VALUES; i++) {
        to.set(I8, block + SCALE_BYTES + i, code(from.get(F32, in + i * 4L), factor));
      }
    }
  }

  /** The largest magnitude of a block; NaN if a value is. */
  private static float max(MemorySegment from, long in) {
    float max = 0;
    for (int i = 0; i < VALUES; i++) {
      max = Math.max(max, Math.abs(from.get(F32, in + i * 4L)));
    }
    return max;
  }

  private static byte code(float value, float factor) {
    float scaled = value * factor;
    float magnitude = Math.abs(scaled);
    int below = (int) magnitude;
    int nearest = magnitude - below >= 0.5f ? below + 1 : below;
    return (byte) (scaled < 0 ? -nearest : nearest);
  }

  private String refusal(MemorySegment from, long in) {
    int i = 0;
    while (Math.abs(from.get(F32, in + i * 4L)) / MAX_CODE < HALF_OVERFLOW) {
      i++;
    }
    return from.get(F32, in + i * 4L)
        + " cannot be held as "
        + name()
        + ", whose values are numbers up to 8319008";
  }
}
