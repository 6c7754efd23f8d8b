package dev.peft4j.data;

import com.google.auto.service.AutoService;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The upper half of a float32 (bfloat16), 16 bits: rounded to the nearest number, ties to the even
 * one, as torch does.
 */
@AutoService(Encoding.class)
public final class BFloat16 extends Encoding {
  private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED;

  /** The NaN that torch writes for every NaN. */
  private static final short NAN = 0x7fc0;

  /** Creates the encoding; all are equal. */
  public BFloat16() {
    super("BFLOAT16", DType.FLOAT32, 1, 2);
  }

  @Override
  public String safetensorsName() {
    return "BF16";
  }

  @Override
  public String ggufName() {
    return "BF16";
  }

  @Override
  public int ggufType() {
    return 30;
  }

  @Override
  public void decode(MemorySegment from, long first, MemorySegment to, long at, long n) {
    for (long i = 0; i < n; i++) {
      to.set(I32, at + i * 4, from.get(I16, first + i * 2) << 16);
    }
  }

  @Override
  public void encode(MemorySegment from, long first, MemorySegment to, long at, long n) {
    for (long i = 0; i < n; i++) {
      int bits = from.get(I32, first + i * 4);
      boolean nan = (bits & 0x7fffffff) > 0x7f800000;
      to.set(I16, at + i * 2, nan ? NAN : (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16));
    }
  }

  @Override
  public float valueAt(MemorySegment from, long i) {
    return Float.intBitsToFloat(from.get(I16, i * 2) << 16);
  }
}
