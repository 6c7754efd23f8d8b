package dev.peft4j.data;

import com.google.auto.service.AutoService;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * IEEE 754 half precision, 16 bits: rounded to the nearest number, ties to the even one, as torch
 * does; numbers beyond 65504 become infinity.
 */
@AutoService(Encoding.class)
public final class Float16 extends Encoding {
  private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED;

  /** Creates the encoding; all are equal. */
  public Float16() {
    super("FLOAT16", DType.FLOAT32, 1, 2);
  }

  @Override
  public String safetensorsName() {
    return "F16";
  }

  @Override
  public String ggufName() {
    return "F16";
  }

  @Override
  public int ggufType() {
    return 1;
  }

  @Override
  public void decode(MemorySegment from, long first, MemorySegment to, long at, long n) {
    for (long i = 0; i < n; i++) {
      to.set(F32, at + i * 4, Float.float16ToFloat(from.get(I16, first + i * 2)));
    }
  }

  @Override
  public void encode(MemorySegment from, long first, MemorySegment to, long at, long n) {
    for (long i = 0; i < n; i++) {
      to.set(I16, at + i * 2, Float.floatToFloat16(from.get(F32, first + i * 4)));
    }
  }

  @Override
  public float valueAt(MemorySegment from, long i) {
    return Float.float16ToFloat(from.get(I16, i * 2));
  }
}
