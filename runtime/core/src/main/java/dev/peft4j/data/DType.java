package dev.peft4j.data;

/** The element type of a tensor. Numbers are float32; indices and labels are integers. */
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

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /** True for the types that may hold indices and labels. */
  public boolean isInteger() {
    return this != FLOAT32;
  }
}
