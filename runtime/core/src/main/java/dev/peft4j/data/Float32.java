package dev.peft4j.data;

import com.google.auto.service.AutoService;
import java.lang.foreign.MemorySegment;

/** IEEE 754 single precision: the numbers that kernels compute with. */
@AutoService(Encoding.class)
public final class Float32 extends Encoding {

  /** Creates the encoding; all are equal. */
  public Float32() {
    super("FLOAT32", DType.FLOAT32, 1, 4);
  }

  @Override
  public boolean isPlain() {
    return true;
  }

  @Override
  public String safetensorsName() {
    return "F32";
  }

  @Override
  public String ggufName() {
    return "F32";
  }

  @Override
  public int ggufType() {
    return 0;
  }

  @Override
  public void decode(MemorySegment from, long first, MemorySegment to, long at, long n) {
    MemorySegment.copy(from, first, to, at, n * 4);
  }

  @Override
  public void encode(MemorySegment from, long first, MemorySegment to, long at, long n) {
    MemorySegment.copy(from, first, to, at, n * 4);
  }

  @Override
  public float valueAt(MemorySegment from, long i) {
    return from.get(F32, i * 4);
  }
}
