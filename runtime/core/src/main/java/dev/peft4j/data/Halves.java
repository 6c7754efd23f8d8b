package dev.peft4j.data;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** 16-bit numbers from and to float32, as torch converts them. */
public final class Halves {
  private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /** What torch makes of every NaN. */
  private static final short BFLOAT16_NAN = 0x7fc0;

  private Halves() {}

  /** The number that {@code bits} are in a 16-bit type; exact. */
  public static float toFloat(DType type, short bits) {
    return require(type) == DType.FLOAT16
        ? Float.float16ToFloat(bits)
        : Float.intBitsToFloat(bits << 16);
  }

  /** The 16-bit number nearest to {@code value}, of two equally near ones the even one. */
  public static short fromFloat(DType type, float value) {
    if (require(type) == DType.FLOAT16) {
      return Float.floatToFloat16(value);
    }
    if (Float.isNaN(value)) {
      return BFLOAT16_NAN;
    }
    int bits = Float.floatToRawIntBits(value);
    return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
  }

  /**
   * Makes float32 of {@code n} 16-bit numbers.
   *
   * @param from where the 16-bit numbers are, the first one at byte {@code first}
   * @param to where the float32 go, the first one at byte {@code at}
   */
  public static void widen(
      DType type, MemorySegment from, long first, MemorySegment to, long at, long n) {
    // two loops without a branch in them, so that they are compiled to vector instructions
    if (require(type) == DType.FLOAT16) {
      for (long i = 0; i < n; i++) {
        to.set(F32, at + i * 4, Float.float16ToFloat(from.get(I16, first + i * 2)));
      }
    } else {
      for (long i = 0; i < n; i++) {
        to.set(I32, at + i * 4, from.get(I16, first + i * 2) << 16);
      }
    }
  }

  private static DType require(DType type) {
    if (!type.isHalf()) {
      throw new IllegalArgumentException(type + " is no 16-bit type; needed FLOAT16 or BFLOAT16");
    }
    return type;
  }
}
