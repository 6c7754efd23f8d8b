package dev.peft4j.data;

import com.google.auto.service.AutoService;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** 8-bit signed integers, as files may have them. */
@AutoService(Encoding.class)
public final class Int8 extends Encoding {
  private static final ValueLayout.OfByte I8 = ValueLayout.JAVA_BYTE;

  /** Creates the encoding; all are equal. */
  public Int8() {
    super("INT8", DType.INT32, 1, 1);
  }

  @Override
  public String ggufName() {
    return "I8";
  }

  @Override
  public int ggufType() {
    return 24;
  }

  @Override
  public void decode(MemorySegment from, long first, MemorySegment to, long at, long n) {
    for (long i = 0; i < n; i++) {
      to.set(F32, at + i * 4, from.get(I8, first + i));
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
