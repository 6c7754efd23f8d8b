package dev.peft4j.data;

import com.google.auto.service.AutoService;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** 32-bit signed integers. */
@AutoService(Encoding.class)
public final class Int32 extends Encoding {
  private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED;

  /** Creates the encoding; all are equal. */
  public Int32() {
    super("INT32", DType.INT32, 1, 4);
  }

  @Override
  public boolean isPlain() {
    return true;
  }

  @Override
  public String safetensorsName() {
    return "I32";
  }

  @Override
  public String ggufName() {
    return "I32";
  }

  @Override
  public int ggufType() {
    return 26;
  }

  @Override
  public void decode(MemorySegment from, long first, MemorySegment to, long at, long n) {
    for (long i = 0; i < n; i++) {
      to.set(F32, at + i * 4, from.get(I32, first + i * 4));
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
