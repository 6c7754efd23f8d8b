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
  public final boolean hasBlocks() {
    return blockValues > 1;
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
   * Returns value {@code i} of blocks that begin at byte 0 of {@code from}. Decodes its whole
   * block: for single values, not for all of them in turn.
   */
  public float valueAt(MemorySegment from, long i) {
    float[] block = new float[blockValues];
    decode(from, i / blockValues * blockBytes, MemorySegment.ofArray(block), 0, 1);
    return block[(int) (i % blockValues)];
  }

  /**
   * Returns the number of bytes of that many values.
   *
   * @throws IllegalArgumentException if they are not a whole number of blocks
   */
  public final long bytes(long values) {
    return blocks(values) * blockBytes;
  }

  /**
   * Returns the number of blocks of that many values.
   *
   * @throws IllegalArgumentException if they are not a whole number of blocks
   */
  public final long blocks(long values) {
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
    return blockValues == 1 || shape.rank() > 0 && shape.dim(-1) % blockValues == 0;
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
