package dev.peft4j.data;

import com.google.auto.service.AutoService;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** 16-bit signed integers, as files may have them. */
@AutoService(Encoding.class)
public final class Int16 extends Encoding {
  private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED;

  /** Creates the encoding; all are equal. */
  public Int16() {
    super("INT16", DType.INT32, 1, 2);
  }

  @Override
  public String ggufName() {
    return "I16";
  }

  @Override
  public int ggufType() {
    return 25;
  }

  @Override
  public void decode(MemorySegment from, long first, MemorySegment to, long at, long n) {
    for (long i = 0; i < n; i++) {
      to.set(F32, at + i * 4, from.get(I16, first + i * 2));
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
