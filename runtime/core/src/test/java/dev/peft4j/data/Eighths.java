package dev.peft4j.data;

import com.google.auto.service.AutoService;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * An encoding that no kernel knows: 8 values as signed bytes under one scale, a power of two. It
 * stands for those of other jars: one file, and everything works with it.
 */
@AutoService(Encoding.class)
public final class Eighths extends Encoding {
  private static final ValueLayout.OfByte I8 = ValueLayout.JAVA_BYTE;

  /** Creates the encoding; all are equal. */
  public Eighths() {
    super("EIGHTHS", DType.FLOAT32, 8, 12);
  }

  @Override
  public void decode(MemorySegment from, long first, MemorySegment to, long at, long blocks) {
    for (long b = 0; b < blocks; b++) {
      float scale = from.get(F32, first + b * 12);
      for (int i = 0; i < 8; i++) {
        to.set(F32, at + (b * 8 + i) * 4, scale * from.get(I8, first + b * 12 + 4 + i));
      }
    }
  }

  @Override
  public void encode(MemorySegment from, long first, MemorySegment to, long at, long blocks) {
    for (long b = 0; b < blocks; b++) {
      float most = 0;
      for (int i = 0; i < 8; i++) {
        most = Math.max(most, Math.abs(from.get(F32, first + (b * 8 + i) * 4)));
      }
      float scale = most == 0 ? 0 : Math.scalb(1f, Math.getExponent(most) - 6);
      scale = most > 127 * scale ? 2 * scale : scale;
      to.set(F32, at + b * 12, scale);
      for (int i = 0; i < 8; i++) {
        float x = from.get(F32, first + (b * 8 + i) * 4);
        to.set(I8, at + b * 12 + 4 + i, scale == 0 ? 0 : (byte) Math.rint(x / scale));
      }
    }
  }
}
