package dev.peft4j.data;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * A way to store the numbers of a tensor in memory: in blocks of a fixed number of values and a
 * fixed number of bytes, one after another in row-major order. An encoding is one file, found by
 * {@link java.util.ServiceLoader} ({@code @AutoService(Encoding.class)}): it defines its block, its
 * name in files, and how a block is decoded and, where possible, encoded. Everything that holds,
 * reads, writes or computes with weights works with it from then on; a kernel that reads the codes
 * themselves is only for speed.
 *
 * <p>Encodings are values: two of the same class and name are equal.
 *
 * @see Encodings
 */
public abstract class Encoding {
  /** Numbers of float32 in memory. */
  protected static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final String name;
  private final DType dtype;
  private final int blockValues;
  private final int blockBytes;

  /**
   * Creates an encoding. Subclasses have a public constructor without parameters.
   *
   * @param name its name in messages, such as {@code FLOAT16} or {@code Q8_0}
   * @param dtype the type of the decoded numbers
   * @param blockValues values in a block, at least 1
   * @param blockBytes bytes of a block
   */
  protected Encoding(String name, DType dtype, int blockValues, int blockBytes) {
    this.name = name;
    this.dtype = dtype;
    this.blockValues = blockValues;
    this.blockBytes = blockBytes;
  }

  /** Returns its name in messages. */
  public final String name() {
    return name;
  }

  /** Returns the type of the decoded numbers. */
  public final DType dtype() {
    return dtype;
  }

  /** Returns the number of values in a block. */
  public final int blockValues() {
    return blockValues;
  }

  /** Returns the bytes of a block. */
  public final int blockBytes() {
    return blockBytes;
  }

  /** Returns true if several values share a block, so that none is stored by itself. */
  public boolean hasBlocks() {
    return blockValues > 1;
  }

  /**
   * Returns true if blocks go on from the end of a row into the next one and the last block may be
   * short, as those of bitsandbytes: any tensor can be stored. Codes of such an encoding are only
   * read and written from the tensor's first value on: {@link #decodeValues}, {@link
   * #encodeValues}.
   */
  public boolean crossesRows() {
    return false;
  }

  /**
   * Returns the encoding for a tensor of that shape: itself, except where a block is a whole row.
   */
  public Encoding forShape(Shape shape) {
    return this;
  }

  /**
   * Returns true if the numbers are stored as the {@link #dtype} itself, so that every kernel reads
   * them. All others are decoded first, or read by kernels that say so; they are for frozen
   * weights.
   */
  public boolean isPlain() {
    return false;
  }

  /** Returns the type's name in safetensors files, or null if they have no such type. */
  public @Nullable String safetensorsName() {
    return null;
  }

  /** Returns the type's name in GGUF files, or null if they have no such type. */
  public @Nullable String ggufName() {
    return null;
  }

  /** Returns the type's number in GGUF files, or -1 if they have no such type. */
  public int ggufType() {
    return -1;
  }

  /**
   * Returns where in a block numbers of several bytes are, for files of the other byte order:
   * offset and size of each, in pairs. Null if there is no known layout in the other order.
   */
  public int @Nullable [] wideFields() {
    return blockValues == 1 ? new int[] {0, blockBytes} : null;
  }

  /**
   * Decodes whole blocks to float32. Integers are exact up to 2²⁴.
   *
   * @param from where the blocks are, the first one at byte {@code first}
   * @param to where the float32 go, the first one at byte {@code at}
   */
  public abstract void decode(
      MemorySegment from, long first, MemorySegment to, long at, long blocks);

  /** Returns true if float32 can be encoded; {@link #encode} throws otherwise. */
  public boolean encodes() {
    return true;
  }

  /**
   * Encodes float32 as whole blocks, each value rounded by the encoding's own rule.
   *
   * @param from where the float32 are, the first one at byte {@code first}
   * @param to where the blocks go, the first one at byte {@code at}
   * @throws UnsupportedOperationException if the encoding can only be read
   * @throws NonFiniteException if a value cannot be stored, such as a NaN in a block with a scale
   */
  public abstract void encode(
      MemorySegment from, long first, MemorySegment to, long at, long blocks);

  /**
   * Decodes any values of a tensor to float32; those of a block that are not wanted are left out.
   *
   * @param from where the tensor's codes are, the first block at byte {@code start}
   * @param first the first value that is wanted
   * @param count how many are wanted
   * @param to where the float32 go, the first one at byte {@code at}
   */
  public void decodeValues(
      MemorySegment from, long start, long first, long count, MemorySegment to, long at) {
    long value = first;
    long end = first + count;
    while (value < end) {
      long block = value / blockValues;
      long skip = value % blockValues;
      long whole = skip == 0 ? (end - value) / blockValues : 0;
      long target = at + (value - first) * 4;
      if (whole > 0) {
        decode(from, start + block * blockBytes, to, target, whole);
        value += whole * blockValues;
      } else {
        float[] values = new float[blockValues];
        decode(from, start + block * blockBytes, MemorySegment.ofArray(values), 0, 1);
        int n = (int) Math.min(blockValues - skip, end - value);
        MemorySegment.copy(values, (int) skip, to, F32, target, n);
        value += n;
      }
    }
  }

  /**
   * Encodes a whole tensor.
   *
   * @param from where the float32 are, the first one at byte 0
   * @param to where the codes go, the first block at byte 0
   * @throws IllegalArgumentException if the values are not a whole number of blocks
   * @throws UnsupportedOperationException if the encoding can only be read
   * @throws NonFiniteException if a value cannot be stored
   */
  public void encodeValues(MemorySegment from, MemorySegment to, long values) {
    encode(from, 0, to, 0, blocks(values));
  }

  /**
   * Returns value {@code i} of blocks that begin at byte 0 of {@code from}. Decodes its whole
   * block: for single values, not for all of them in turn.
   */
  public float valueAt(MemorySegment from, long i) {
    float[] value = new float[1];
    decodeValues(from, 0, i, 1, MemorySegment.ofArray(value), 0);
    return value[0];
  }

  /**
   * Returns the number of bytes of that many values.
   *
   * @throws IllegalArgumentException if they are not a whole number of blocks, which matters where
   *     blocks do not {@linkplain #crossesRows cross rows}
   */
  public long bytes(long values) {
    return blocks(values) * blockBytes;
  }

  /**
   * Returns the number of blocks of that many values; the last one may be short where blocks
   * {@linkplain #crossesRows cross rows}.
   *
   * @throws IllegalArgumentException if they are not a whole number of blocks
   */
  public final long blocks(long values) {
    if (crossesRows()) {
      return (values + blockValues - 1) / blockValues;
    }
    if (values % blockValues != 0) {
      throw new IllegalArgumentException(
          name
              + " holds blocks of "
              + blockValues
              + " values, found "
              + values
              + " values, which are not a whole number of blocks");
    }
    return values / blockValues;
  }

  /** Returns true if a tensor of this shape can be stored: its rows are whole blocks. */
  public final boolean fits(Shape shape) {
    return blockValues == 1
        || crossesRows()
        || shape.rank() > 0 && shape.dim(-1) % blockValues == 0;
  }

  /**
   * Checks that a tensor can be stored.
   *
   * @param what the name of the tensor, for the message
   * @throws ShapeException if its rows are not whole blocks
   */
  public final void requireFit(String what, Shape shape) {
    if (!fits(shape)) {
      throw new ShapeException(
          what
              + " of shape "
              + shape
              + " cannot be held as "
              + name
              + ": its rows have to be a multiple of "
              + blockValues
              + " values long");
    }
  }

  @Override
  public final boolean equals(@Nullable Object o) {
    return o == this
        || o instanceof Encoding e && e.getClass() == getClass() && e.name.equals(name);
  }

  @Override
  public final int hashCode() {
    return name.hashCode();
  }

  @Override
  public final String toString() {
    return name;
  }
}
