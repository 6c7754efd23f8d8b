package dev.peft4j.data;

/**
 * The element type of a tensor. Numbers are float32; indices and labels are integers. Frozen
 * weights may be kept as 16-bit numbers, which are computed with as float32.
 */
public enum DType {
  /** IEEE 754 single precision. */
  FLOAT32(4),
  /** 32-bit signed integer. */
  INT32(4),
  /** 64-bit signed integer. */
  INT64(8),
  /** IEEE 754 half precision; for frozen weights. */
  FLOAT16(2),
  /** The upper half of a float32 (bfloat16); for frozen weights. */
  BFLOAT16(2);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /** True for the types that may hold indices and labels. */
  public boolean isInteger() {
    return this == INT32 || this == INT64;
  }

  /** True for the 16-bit numbers. */
  public boolean isHalf() {
    return this == FLOAT16 || this == BFLOAT16;
  }
}
