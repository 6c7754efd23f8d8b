package dev.peft4j.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.AbstractList;
import java.util.Objects;
import java.util.RandomAccess;

/** Numbers of an array as they are in a mapped file; each is read when it is asked for. */
final class ScalarList extends AbstractList<Object> implements RandomAccess {
  private final MemorySegment bytes;
  private final GgufValueType type;
  private final ByteOrder order;

  ScalarList(MemorySegment bytes, GgufValueType type, ByteOrder order) {
    this.bytes = bytes;
    this.type = type;
    this.order = order;
  }

  @Override
  public int size() {
    return (int) (bytes.byteSize() / type.bytes());
  }

  @Override
  public Object get(int i) {
    Objects.checkIndex(i, size());
    return get(bytes, (long) i * type.bytes(), type, order);
  }

  /** Reads a number or a truth value at byte {@code at}. */
  static Object get(MemorySegment s, long at, GgufValueType type, ByteOrder order) {
    return switch (type) {
      case UINT8 -> (long) (s.get(ValueLayout.JAVA_BYTE, at) & 0xff);
      case INT8 -> (long) s.get(ValueLayout.JAVA_BYTE, at);
      case UINT16 -> (long) (i16(s, at, order) & 0xffff);
      case INT16 -> (long) i16(s, at, order);
      case UINT32 -> i32(s, at, order) & 0xffff_ffffL;
      case INT32 -> (long) i32(s, at, order);
      case UINT64, INT64 -> i64(s, at, order);
      case FLOAT32 -> (double) Float.intBitsToFloat(i32(s, at, order));
      case FLOAT64 -> Double.longBitsToDouble(i64(s, at, order));
      case BOOL -> s.get(ValueLayout.JAVA_BYTE, at) != 0;
      case STRING, ARRAY -> throw new IllegalArgumentException(type + " is not a number");
    };
  }

  private static short i16(MemorySegment s, long at, ByteOrder order) {
    return s.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order), at);
  }

  static int i32(MemorySegment s, long at, ByteOrder order) {
    return s.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(order), at);
  }

  static long i64(MemorySegment s, long at, ByteOrder order) {
    return s.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(order), at);
  }
}
