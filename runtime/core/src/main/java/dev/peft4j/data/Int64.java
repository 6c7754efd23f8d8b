package dev.peft4j.data;

import com.google.auto.service.AutoService;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** 64-bit signed integers. */
@AutoService(Encoding.class)
public final class Int64 extends Encoding {
  private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED;

  /** Creates the encoding; all are equal. */
  public Int64() {
    super("INT64", DType.INT64, 1, 8);
  }

  @Override
  public boolean isPlain() {
    return true;
  }

  @Override
  public String safetensorsName() {
    return "I64";
  }

  @Override
  public String ggufName() {
    return "I64";
  }

  @Override
  public int ggufType() {
    return 27;
  }

  @Override
  public void decode(MemorySegment from, long first, MemorySegment to, long at, long n) {
    for (long i = 0; i < n; i++) {
      to.set(F32, at + i * 4, from.get(I64, first + i * 8));
    }
  }

  @Override
  public boolean encodes() {
    return false;
  }

  @Override
  public void encode(MemorySegment from, long first, MemorySegment to, long at, long n) {
    throw new UnsupportedOperationException("float32 numbers are not held as " + name());
  }
}
