package dev.peft4j.gguf;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The types of metadata, in the order of their numbers in files. */
public enum GgufValueType {
  /** Unsigned byte. */
  UINT8(1),
  /** Signed byte. */
  INT8(1),
  /** Unsigned 16-bit integer. */
  UINT16(2),
  /** Signed 16-bit integer. */
  INT16(2),
  /** Unsigned 32-bit integer. */
  UINT32(4),
  /** Signed 32-bit integer. */
  INT32(4),
  /** IEEE 754 single precision. */
  FLOAT32(4),
  /** One byte, 0 or 1. */
  BOOL(1),
  /** Text in UTF-8 after its length. */
  STRING(8),
  /** Values of one type after their number. */
  ARRAY(12),
  /** Unsigned 64-bit integer. */
  UINT64(8),
  /** Signed 64-bit integer. */
  INT64(8),
  /** IEEE 754 double precision. */
  FLOAT64(8);

  private static final GgufValueType[] ALL = values();

  private final int bytes;

  GgufValueType(int bytes) {
    this.bytes = bytes;
  }

  /** Returns the bytes that a value takes, at least. */
  int bytes() {
    return bytes;
  }

  /** Returns true for the types of whole numbers. */
  public boolean isInteger() {
    return switch (this) {
      case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> false;
      default -> true;
    };
  }

  /** Returns true for the types of floating-point numbers. */
  public boolean isFloat() {
    return this == FLOAT32 || this == FLOAT64;
  }

  /** Returns the type of that number in files, or null if there is none. */
  static @Nullable GgufValueType of(long number) {
    return number >= 0 && number < ALL.length ? ALL[(int) number] : null;
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
