package dev.peft4j.data;

import com.google.auto.service.AutoService;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Signed bytes under one scale for each row, the row's largest magnitude: bitsandbytes' int8
 * (Dettmers et al., 2022), 8 bits a value. As there, numbers are rounded to half precision before
 * they are encoded; a decoded value is code times maximum over 127. In memory each row is its
 * maximum (float32) and its codes.
 *
 * <p>A block is a row: {@link #forShape} gives the encoding for rows of a tensor. That without a
 * length stands for all of them.
 */
@AutoService(Encoding.class)
public final class Int8Rows extends Encoding {
  private static final ValueLayout.OfByte I8 = ValueLayout.JAVA_BYTE;
  private static final int SCALE_BYTES = 4;
  private static final float UNIT = 7.874015718698502e-3f;

  /** From here on, half precision rounds to infinity. */
  private static final float HALF_OVERFLOW = 65520;

  private final boolean general;

  /** Creates the encoding for rows of any length; all are equal. */
  public Int8Rows() {
    super("INT8_ROWS", DType.FLOAT32, 1, SCALE_BYTES + 1);
    this.general = true;
  }

  /** Creates the encoding for rows of that length. */
  public Int8Rows(int rowLength) {
    super("INT8_ROWS[" + rowLength + "]", DType.FLOAT32, rowLength, SCALE_BYTES + rowLength);
    this.general = false;
  }

  @Override
  public boolean hasBlocks() {
    return true;
  }

  @Override
  public Encoding forShape(Shape shape) {
    boolean hasRows = general && shape.rank() > 0 && shape.dim(-1) > 0;
    return hasRows ? new Int8Rows(shape.dim(-1)) : this;
  }

  @Override
  public void decode(MemorySegment from, long first, MemorySegment to, long at, long blocks) {
    for (long b = 0; b < blocks; b++) {
      long row = first + b * blockBytes();
      float scale = from.get(F32, row);
      long out = at + b * blockValues() * 4;
      for (int i = 0; i < blockValues(); i++) {
        to.set(F32, out + i * 4L, from.get(I8, row + SCALE_BYTES + i) * scale * UNIT);
      }
    }
  }

  @Override
  public void encode(MemorySegment from, long first, MemorySegment to, long at, long blocks) {
    for (long b = 0; b < blocks; b++) {
      long in = first + b * blockValues() * 4;
      float most = 0;
      for (int i = 0; i < blockValues(); i++) {
        most = Math.max(most, Math.abs(half(from.get(F32, in + i * 4L))));
      }
      long row = at + b * blockBytes();
      to.set(F32, row, most);
      float factor = 1 / most * 127;
      for (int i = 0; i < blockValues(); i++) {
        float x = half(from.get(F32, in + i * 4L));
        to.set(I8, row + SCALE_BYTES + i, (byte) (most == 0 ? 0 : Math.rint(x * factor)));
      }
    }
  }

  private float half(float x) {
    if (!(Math.abs(x) < HALF_OVERFLOW)) {
      throw new NonFiniteException(
          x + " cannot be held as " + name() + ", whose values are numbers up to 65504");
    }
    return Float.float16ToFloat(Float.floatToFloat16(x));
  }
}
