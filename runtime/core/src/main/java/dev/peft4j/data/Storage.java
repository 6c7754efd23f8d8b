package dev.peft4j.data;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * A block of off-heap memory that holds the elements of one tensor in row-major order, in an {@link
 * Encoding}. The memory is released when the storage, and everything that shares its segment, is no
 * longer reachable.
 */
public final class Storage {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED;

  private static final float[] NO_FLOATS = {};

  /** Wide enough for every vector register and a cache line. */
  private static final long ALIGNMENT = 64;

  private final Encoding encoding;
  private final long elements;

  /** Null until the memory is asked for the first time. */
  private volatile @Nullable MemorySegment segment;

  private volatile int version;

  /** Fetches the newest contents; null if they are here. */
  private volatile @Nullable Runnable elsewhere;

  private Storage(@Nullable MemorySegment segment, Encoding encoding, long elements) {
    this.segment = segment;
    this.encoding = encoding;
    this.elements = elements;
  }

  /** Returns zeroed memory for {@code elements} elements. */
  public static Storage allocate(DType dtype, long elements) {
    return allocate(dtype.encoding(), elements);
  }

  /**
   * Returns zeroed memory for {@code elements} elements.
   *
   * @throws IllegalArgumentException if they are not a whole number of blocks
   */
  public static Storage allocate(Encoding encoding, long elements) {
    return new Storage(memory(encoding, elements), encoding, elements);
  }

  /**
   * Returns zeros that take memory only at the first access: for what is about to be replaced as a
   * whole.
   */
  public static Storage zeros(DType dtype, long elements) {
    return new Storage(null, dtype.encoding(), elements);
  }

  private static MemorySegment memory(Encoding encoding, long elements) {
    long bytes = Math.max(encoding.blockBytes(), encoding.bytes(elements));
    return Arena.ofAuto().allocate(bytes, ALIGNMENT);
  }

  private MemorySegment memory() {
    MemorySegment s = segment;
    return s == null ? firstMemory() : s;
  }

  private synchronized MemorySegment firstMemory() {
    MemorySegment s = segment;
    if (s == null) {
      s = memory(encoding, elements);
      segment = s;
    }
    return s;
  }

  /** Returns a float32 copy of {@code values}. */
  public static Storage of(float... values) {
    Storage s = allocate(DType.FLOAT32, values.length);
    MemorySegment.copy(values, 0, s.memory(), F32, 0, values.length);
    return s;
  }

  /** Returns an int32 copy of {@code values}. */
  public static Storage of(int[] values) {
    Storage s = allocate(DType.INT32, values.length);
    MemorySegment.copy(values, 0, s.memory(), I32, 0, values.length);
    return s;
  }

  /** Returns an int64 copy of {@code values}. */
  public static Storage of(long[] values) {
    Storage s = allocate(DType.INT64, values.length);
    MemorySegment.copy(values, 0, s.memory(), I64, 0, values.length);
    return s;
  }

  /**
   * Shares the memory of a native segment, for example of a mapped file; nothing is copied and the
   * memory is never written by reading tensors.
   *
   * @throws IllegalArgumentException if the segment is not native or not a whole number of elements
   */
  public static Storage wrap(MemorySegment segment, DType dtype) {
    return wrap(segment, dtype.encoding());
  }

  /**
   * Shares the memory of a native segment with numbers of any encoding; see {@link
   * #wrap(MemorySegment, DType)}.
   *
   * @throws IllegalArgumentException if the segment is not native or not a whole number of blocks
   */
  public static Storage wrap(MemorySegment segment, Encoding encoding) {
    int block = encoding.blockBytes();
    if (!segment.isNative() || segment.byteSize() % block != 0) {
      throw new IllegalArgumentException(
          "a storage of "
              + encoding
              + " wraps a native segment of a multiple of "
              + block
              + " bytes, found "
              + segment);
    }
    long elements = segment.byteSize() / block * encoding.blockValues();
    return new Storage(segment, encoding, elements);
  }

  /**
   * Shares the memory of a native segment with that many numbers of any encoding, also one whose
   * last block may be short; see {@link #wrap(MemorySegment, DType)}.
   *
   * @throws IllegalArgumentException if the segment is not native or not what they take
   */
  public static Storage wrap(MemorySegment segment, Encoding encoding, long elements) {
    long bytes = encoding.bytes(elements);
    if (!segment.isNative() || segment.byteSize() != bytes) {
      throw new IllegalArgumentException(
          elements
              + " numbers of "
              + encoding
              + " are in a native segment of "
              + bytes
              + " bytes, found "
              + segment);
    }
    return new Storage(segment, encoding, elements);
  }

  /** Returns the memory itself; native. Code that writes to it must call {@link #modified()}. */
  public MemorySegment segment() {
    bringHere();
    return memory();
  }

  /** Returns true if the memory must not be written to, such as that of a mapped file. */
  public boolean isReadOnly() {
    MemorySegment s = segment;
    return s != null && s.isReadOnly();
  }

  /** Returns the type of the decoded elements. */
  public DType dtype() {
    return encoding.dtype();
  }

  /** Returns how the elements are stored. */
  public Encoding encoding() {
    return encoding;
  }

  /** Returns the number of bytes that the elements take. */
  public long bytes() {
    return encoding.bytes(elements);
  }

  /** Returns the number of elements. */
  public long elements() {
    return elements;
  }

  /** Returns the address of the first element; valid only while this storage is reachable. */
  public long address() {
    bringHere();
    return memory().address();
  }

  private void bringHere() {
    Runnable fetch = elsewhere;
    if (fetch != null) {
      fetch.run();
      if (elsewhere == fetch) {
        throw new IllegalStateException("the newest contents of a storage could not be fetched");
      }
    }
  }

  /**
   * Notes that the newest contents are in the memory of a device. They are fetched at the next
   * access to this memory.
   *
   * @param fetch fetches them and calls {@link #receive}
   */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one writer: the backend that computed it
  public void movedTo(Runnable fetch) {
    version++;
    elsewhere = fetch;
  }

  /** Takes the newest contents back from where {@link #movedTo} said they are. */
  public void receive(MemorySegment contents) {
    MemorySegment.copy(contents, 0, memory(), 0, bytes());
    elsewhere = null;
  }

  /** Returns a copy of the elements as floats; they are decoded, integers converted. */
  public float[] toFloats() {
    float[] out = new float[Math.toIntExact(elements)];
    encoding.decodeValues(segment(), 0, 0, elements, MemorySegment.ofArray(out), 0);
    return out;
  }

  /** Returns a copy of the elements as longs; floats are truncated. */
  public long[] toLongs() {
    long[] out = new long[Math.toIntExact(elements)];
    float[] floats = dtype().isInteger() ? NO_FLOATS : toFloats();
    for (int i = 0; i < out.length; i++) {
      out[i] = floats == NO_FLOATS ? index(i) : (long) floats[i];
    }
    return out;
  }

  /** Returns a copy of the elements as ints; floats are truncated. */
  public int[] toInts() {
    int[] out = new int[Math.toIntExact(elements)];
    float[] floats = dtype().isInteger() ? NO_FLOATS : toFloats();
    for (int i = 0; i < out.length; i++) {
      out[i] = floats == NO_FLOATS ? (int) index(i) : (int) floats[i];
    }
    return out;
  }

  /** Returns element {@code i} of a storage of floating-point numbers, decoded. */
  public float floatAt(long i) {
    return encoding.valueAt(segment(), i);
  }

  /**
   * Sets element {@code i} of a storage of floating-point numbers, rounded by its encoding's rule.
   *
   * @throws IllegalArgumentException if elements share blocks
   */
  public void setFloat(long i, float value) {
    setFloats(i, new float[] {value});
  }

  /**
   * Sets elements of a storage of floating-point numbers, the first one being element {@code at},
   * rounded by its encoding's rule.
   *
   * @throws IllegalArgumentException if they are not whole blocks
   */
  public void setFloats(long at, float[] values) {
    if (encoding.crossesRows()) {
      float[] all = values;
      if (at != 0 || values.length != elements) {
        all = toFloats();
        System.arraycopy(values, 0, all, Math.toIntExact(at), values.length);
      }
      encoding.encodeValues(MemorySegment.ofArray(all), segment(), elements);
      modified();
      return;
    }
    encoding.encode(
        MemorySegment.ofArray(values),
        0,
        segment(),
        encoding.bytes(at),
        encoding.blocks(values.length));
    modified();
  }

  /**
   * Returns how often the contents have changed: backends that keep a copy in another layout see by
   * it that theirs is out of date.
   */
  public int version() {
    return version;
  }

  /** Notes that the memory was written to; must be called after each change. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one writer at a time, as for the memory itself
  public void modified() {
    if (elsewhere == null) { // else it was not this memory
      version++;
    }
  }

  /** Returns element {@code i} of an integer storage. */
  public long index(long i) {
    MemorySegment s = segment();
    if (!encoding.isPlain()) {
      return (long) encoding.valueAt(s, i); // 8 and 16 bits: exact
    }
    return dtype() == DType.INT64 ? s.get(I64, i * 8) : s.get(I32, i * 4);
  }

  /**
   * Copies the elements of {@code source} into this storage; floating-point numbers of another
   * encoding are decoded and encoded, rounded by the rule of this storage's encoding.
   *
   * @throws IllegalArgumentException if the number of elements differs, or the types are not both
   *     floating-point and differ
   * @throws UnsupportedOperationException if this storage's encoding can only be read
   */
  public void copyFrom(Storage source) {
    boolean converted = !source.encoding.equals(encoding);
    boolean convertible = !source.dtype().isInteger() && !dtype().isInteger();
    if (converted && !convertible || source.elements != elements) {
      throw new IllegalArgumentException(
          "copy of "
              + source.elements
              + " elements of "
              + source.encoding
              + " into a storage of "
              + elements
              + " elements of "
              + encoding);
    }
    if (!converted) {
      MemorySegment.copy(source.segment(), 0, segment(), 0, bytes());
    } else if (encoding.isPlain()) {
      source.encoding.decodeValues(source.segment(), 0, 0, elements, segment(), 0);
    } else if (source.encoding.isPlain()) {
      encoding.encodeValues(source.segment(), segment(), elements);
    } else {
      copyFrom(source.copyAs(Encodings.FLOAT32));
    }
    modified();
  }

  /** Returns true if {@code other} has the same encoding and the same bytes. */
  public boolean equalBytes(Storage other) {
    return other.encoding.equals(encoding)
        && other.elements == elements
        && segment().mismatch(other.segment()) < 0;
  }

  /** Returns a copy with memory of its own. */
  public Storage copy() {
    return copyAs(encoding);
  }

  /**
   * Returns a copy with memory of its own in another encoding of floating-point numbers, rounded by
   * that encoding's rule; to 16 bits as torch's {@code Tensor.to} does.
   *
   * @throws IllegalArgumentException if one of the types is an integer type and they differ, or the
   *     elements are not a whole number of blocks
   * @throws UnsupportedOperationException if the encoding can only be read
   */
  public Storage copyAs(Encoding wanted) {
    Storage s = allocate(wanted, elements);
    s.copyFrom(this);
    return s;
  }
}
