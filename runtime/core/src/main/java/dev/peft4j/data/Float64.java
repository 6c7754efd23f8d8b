package dev.peft4j.data;

import com.google.auto.service.AutoService;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** IEEE 754 double precision; read as float32, rounded to the nearest number. */
@AutoService(Encoding.class)
public final class Float64 extends Encoding {
  private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE_UNALIGNED;

  /** Creates the encoding; all are equal. */
  public Float64() {
    super("FLOAT64", DType.FLOAT32, 1, 8);
  }

  @Override
  public String safetensorsName() {
    return "F64";
  }

  @Override
  public String ggufName() {
    return "F64";
  }

  @Override
  public int ggufType() {
    return 28;
  }

  @Override
  public void decode(MemorySegment from, long first, MemorySegment to, long at, long n) {
    for (long i = 0; i < n; i++) {
      to.set(F32, at + i * 4, (float) from.get(F64, first + i * 8));
    }
  }

  @Override
  public void encode(MemorySegment from, long first, MemorySegment to, long at, long n) {
    for (long i = 0; i < n; i++) {
      to.set(F64, at + i * 8, from.get(F32, first + i * 4));
    }
  }
}
