package dev.peft4j.data;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * A block of off-heap memory that holds the elements of one tensor in row-major order. The memory
 * is released when the storage, and everything that shares its segment, is no longer reachable.
 */
public final class Storage {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED;

  /** Wide enough for every vector register and a cache line. */
  private static final long ALIGNMENT = 64;

  private final DType dtype;
  private final long elements;

  /** Null until the memory is asked for the first time. */
  private volatile @Nullable MemorySegment segment;

  private volatile int version;

  /** Brings the newest contents here, or null if they are. */
  private volatile @Nullable Runnable elsewhere;

  private Storage(@Nullable MemorySegment segment, DType dtype, long elements) {
    this.segment = segment;
    this.dtype = dtype;
    this.elements = elements;
  }

  /** Zeroed memory for {@code elements} elements. */
  public static Storage allocate(DType dtype, long elements) {
    return new Storage(memory(dtype, elements), dtype, elements);
  }

  /**
   * Zeros that take memory only when they are asked for: for what is about to be replaced as a
   * whole.
   */
  public static Storage zeros(DType dtype, long elements) {
    return new Storage(null, dtype, elements);
  }

  private static MemorySegment memory(DType dtype, long elements) {
    return Arena.ofAuto().allocate(Math.max(1, elements) * dtype.bytes(), ALIGNMENT);
  }

  private MemorySegment memory() {
    MemorySegment s = segment;
    return s == null ? firstMemory() : s;
  }

  private synchronized MemorySegment firstMemory() {
    MemorySegment s = segment;
    if (s == null) {
      s = memory(dtype, elements);
      segment = s;
    }
    return s;
  }

  /** A float32 copy of {@code values}. */
  public static Storage of(float... values) {
    Storage s = allocate(DType.FLOAT32, values.length);
    MemorySegment.copy(values, 0, s.memory(), F32, 0, values.length);
    return s;
  }

  /** An int32 copy of {@code values}. */
  public static Storage of(int[] values) {
    Storage s = allocate(DType.INT32, values.length);
    MemorySegment.copy(values, 0, s.memory(), I32, 0, values.length);
    return s;
  }

  /** An int64 copy of {@code values}. */
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
    if (!segment.isNative() || segment.byteSize() % dtype.bytes() != 0) {
      throw new IllegalArgumentException(
          "a storage of "
              + dtype
              + " wraps a native segment of a multiple of "
              + dtype.bytes()
              + " bytes, found "
              + segment);
    }
    return new Storage(segment, dtype, segment.byteSize() / dtype.bytes());
  }

  /** The memory itself; native. Whoever writes to it calls {@link #modified()} afterwards. */
  public MemorySegment segment() {
    bringHere();
    return memory();
  }

  /** True for memory that must not be written to, such as a mapped file's. */
  public boolean isReadOnly() {
    MemorySegment s = segment;
    return s != null && s.isReadOnly();
  }

  /** The element type. */
  public DType dtype() {
    return dtype;
  }

  /** Number of elements. */
  public long elements() {
    return elements;
  }

  /** Address of the first element; valid only while this storage is reachable. */
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
   * Says that the newest contents are in the memory of a device. They are fetched when somebody
   * asks for this memory.
   *
   * @param fetch calls {@link #receive}
   */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one writer: the backend that computed it
  public void movedTo(Runnable fetch) {
    version++;
    elsewhere = fetch;
  }

  /** Takes the newest contents back from where {@link #movedTo} said they are. */
  public void receive(MemorySegment contents) {
    MemorySegment.copy(contents, 0, memory(), 0, elements * dtype.bytes());
    elsewhere = null;
  }

  /** A copy of the elements as floats; integers are converted. */
  public float[] toFloats() {
    float[] out = new float[Math.toIntExact(elements)];
    switch (dtype) {
      case FLOAT32 -> MemorySegment.copy(segment(), F32, 0, out, 0, out.length);
      case INT32, INT64 -> {
        for (int i = 0; i < out.length; i++) {
          out[i] = index(i);
        }
      }
      case FLOAT16, BFLOAT16 ->
          Halves.widen(dtype, segment(), 0, MemorySegment.ofArray(out), 0, elements);
    }
    return out;
  }

  /** A copy of the elements as longs; floats are truncated. */
  public long[] toLongs() {
    long[] out = new long[Math.toIntExact(elements)];
    for (int i = 0; i < out.length; i++) {
      out[i] = dtype.isInteger() ? index(i) : (long) floatAt(i);
    }
    return out;
  }

  /** A copy of the elements as ints; floats are truncated. */
  public int[] toInts() {
    int[] out = new int[Math.toIntExact(elements)];
    for (int i = 0; i < out.length; i++) {
      out[i] = dtype.isInteger() ? (int) index(i) : (int) floatAt(i);
    }
    return out;
  }

  /** Element {@code i} of a storage of floating-point numbers. */
  public float floatAt(long i) {
    return dtype.isHalf()
        ? Halves.toFloat(dtype, segment().get(I16, i * 2))
        : segment().get(F32, i * 4);
  }

  /** Sets element {@code i} of a storage of floating-point numbers; 16-bit ones are rounded. */
  public void setFloat(long i, float value) {
    put(i, value);
    modified();
  }

  /**
   * Sets the elements from number {@code at} on of a storage of floating-point numbers; 16-bit ones
   * are rounded.
   */
  public void setFloats(long at, float[] values) {
    if (dtype.isHalf()) {
      for (int i = 0; i < values.length; i++) {
        put(at + i, values[i]);
      }
    } else {
      MemorySegment.copy(values, 0, segment(), F32, at * 4, values.length);
    }
    modified();
  }

  private void put(long i, float value) {
    if (dtype.isHalf()) {
      segment().set(I16, i * 2, Halves.fromFloat(dtype, value));
    } else {
      segment().set(F32, i * 4, value);
    }
  }

  /**
   * How many times {@link #modified()} was called: backends that keep a copy in another layout see
   * by it that theirs is out of date.
   */
  public int version() {
    return version;
  }

  /** To be called after the memory was written. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one writer at a time, as for the memory itself
  public void modified() {
    if (elsewhere == null) { // else it was not this memory
      version++;
    }
  }

  /** Element {@code i} of an integer storage. */
  public long index(long i) {
    MemorySegment s = segment();
    return dtype == DType.INT64 ? s.get(I64, i * 8) : s.get(I32, i * 4);
  }

  /**
   * Copies the elements of {@code source} into this storage; floating-point types are converted, to
   * 16 bits by rounding to the nearest.
   *
   * @throws IllegalArgumentException if the number of elements differs, or the types are not both
   *     floating-point and differ
   */
  public void copyFrom(Storage source) {
    boolean converted = source.dtype != dtype;
    boolean convertible = !source.dtype.isInteger() && !dtype.isInteger();
    if (converted && !convertible || source.elements != elements) {
      throw new IllegalArgumentException(
          "copy of "
              + source.elements
              + " elements of "
              + source.dtype
              + " into a storage of "
              + elements
              + " elements of "
              + dtype);
    }
    if (!converted) {
      MemorySegment.copy(source.segment(), 0, segment(), 0, elements * dtype.bytes());
    } else if (dtype == DType.FLOAT32) {
      Halves.widen(source.dtype, source.segment(), 0, segment(), 0, elements);
    } else {
      for (long i = 0; i < elements; i++) {
        put(i, source.floatAt(i));
      }
    }
    modified();
  }

  /** True if {@code other} has the same type and the same elements, bit by bit. */
  public boolean equalBytes(Storage other) {
    return other.dtype == dtype
        && other.elements == elements
        && segment().mismatch(other.segment()) < 0;
  }

  /** A copy with memory of its own. */
  public Storage copy() {
    return copyAs(dtype);
  }

  /**
   * A copy with memory of its own and of another floating-point type; to 16 bits numbers are
   * rounded to the nearest, as torch's {@code Tensor.to} does.
   *
   * @throws IllegalArgumentException if one of the types is an integer type and they differ
   */
  public Storage copyAs(DType type) {
    Storage s = allocate(type, elements);
    s.copyFrom(this);
    return s;
  }
}
