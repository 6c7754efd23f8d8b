package dev.peft4j.data;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * An encoding of GGUF files whose blocks are computed on arrays, so that a file says only how one
 * block is decoded and, where ggml's reference can be equalled bit for bit, encoded. Products are
 * computed left to right in float32, never fused.
 */
abstract class GgufBlocks extends Encoding {
  private static final ValueLayout.OfByte I8 = ValueLayout.JAVA_BYTE;

  /** What is read of a block. */
  static final class Codes {
    private final byte[] bytes;

    Codes(int size) {
      bytes = new byte[size];
    }

    /** Byte {@code i} without sign. */
    int u8(int i) {
      return bytes[i] & 0xff;
    }

    /** Byte {@code i} with sign. */
    int i8(int i) {
      return bytes[i];
    }

    /** Two bits of byte {@code i}, the lowest ones for {@code k} 0. */
    int two(int i, int k) {
      return bytes[i] >> 2 * k & 3;
    }

    /** The low half of byte {@code i} for {@code k} 0, the high one for 1. */
    int nibble(int i, int k) {
      return bytes[i] >> 4 * k & 15;
    }

    int u16(int i) {
      return u8(i) | u8(i + 1) << 8;
    }

    int i32(int i) {
      return u16(i) | u16(i + 2) << 16;
    }

    /** The half-precision number at byte {@code i}. */
    float half(int i) {
      return Float.float16ToFloat((short) u16(i));
    }

    void set(int i, int value) {
      bytes[i] = (byte) value;
    }

    /** Sets the number at byte {@code i}, rounded to half precision. */
    void half(int i, float value) {
      short bits = Float.floatToFloat16(value);
      set(i, bits);
      set(i + 1, bits >> 8);
    }
  }

  private final int type;

  GgufBlocks(String name, int type, int blockValues, int blockBytes) {
    super(name, DType.FLOAT32, blockValues, blockBytes);
    this.type = type;
  }

  @Override
  public final String ggufName() {
    return name();
  }

  @Override
  public final int ggufType() {
    return type;
  }

  /** Decodes one block. */
  abstract void decode(Codes codes, float[] values);

  /**
   * Encodes one block of finite numbers.
   *
   * @return true if the scales, rounded to half precision, are finite
   */
  boolean encode(float[] values, Codes codes) {
    throw new UnsupportedOperationException(
        name() + " can be read but not written; encode as Q8_0 or Q4_0 instead");
  }

  @Override
  public boolean encodes() {
    return false;
  }

  @Override
  public final void decode(MemorySegment from, long first, MemorySegment to, long at, long blocks) {
    Codes codes = new Codes(blockBytes());
    float[] values = new float[blockValues()];
    for (long b = 0; b < blocks; b++) {
      MemorySegment.copy(from, I8, first + b * blockBytes(), codes.bytes, 0, blockBytes());
      decode(codes, values);
      MemorySegment.copy(values, 0, to, F32, at + b * blockValues() * 4, blockValues());
    }
  }

  @Override
  public final void encode(MemorySegment from, long first, MemorySegment to, long at, long blocks) {
    Codes codes = new Codes(blockBytes());
    float[] values = new float[blockValues()];
    for (long b = 0; b < blocks; b++) {
      MemorySegment.copy(from, F32, first + b * blockValues() * 4, values, 0, blockValues());
      boolean held = true;
      for (float v : values) {
        held &= Float.isFinite(v);
      }
      if (!encode(values, codes) || !held) {
        throw new NonFiniteException(refusal(values));
      }
      MemorySegment.copy(codes.bytes, 0, to, I8, at + b * blockBytes(), blockBytes());
    }
  }

  private String refusal(float[] values) {
    float worst = 0;
    for (float v : values) {
      if (!Float.isFinite(v)) {
        return v + " cannot be held as " + name() + ", whose values are finite";
      }
      worst = Math.abs(v) > Math.abs(worst) ? v : worst;
    }
    return worst
        + " cannot be held as "
        + name()
        + ": the scale of its block is beyond half precision";
  }

  static boolean isHalf(float x) {
    return Float.isFinite(Float.float16ToFloat(Float.floatToFloat16(x)));
  }

  /** The reciprocal that ggml multiplies with: 0 for 0. */
  static float reciprocal(float d) {
    return d == 0 ? 0 : 1 / d;
  }

  /** The value of the largest magnitude, the first one of several, with its sign. */
  static float largest(float[] values) {
    float largest = 0;
    for (float v : values) {
      largest = Math.abs(v) > Math.abs(largest) ? v : largest;
    }
    return largest;
  }
}
