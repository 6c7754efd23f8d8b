package dev.peft4j.data;

/**
 * The element type of a tensor: numbers are float32; indices and labels are integers. How they are
 * stored in memory is an {@link Encoding}.
 */
public enum DType {
  /** IEEE 754 single precision. */
  FLOAT32(4),
  /** 32-bit signed integer. */
  INT32(4),
  /** 64-bit signed integer. */
  INT64(8);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Returns the bytes of one element that a kernel computes or reads. */
  public int bytes() {
    return bytes;
  }

  /** Returns true for the types that may hold indices and labels. */
  public boolean isInteger() {
    return this != FLOAT32;
  }

  /** Returns the encoding of numbers that are stored as this type. */
  public Encoding encoding() {
    return switch (this) {
      case FLOAT32 -> Encodings.FLOAT32;
      case INT32 -> Encodings.INT32;
      case INT64 -> Encodings.INT64;
    };
  }
}
