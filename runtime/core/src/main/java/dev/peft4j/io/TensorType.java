package dev.peft4j.io;

import dev.peft4j.data.DType;
import dev.peft4j.data.Encoding;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The element types that a safetensors file may hold, in the format's own order: a writer puts the
 * types that are declared later into the file first, so that wide elements stay aligned.
 */
public enum TensorType {
  /** One byte, zero or not. */
  BOOL(8, DType.INT32),
  /** Four-bit float, two per byte. */
  F4(4, null),
  /** Six-bit float. */
  F6_E2M3(6, null),
  /** Six-bit float. */
  F6_E3M2(6, null),
  /** Unsigned byte. */
  U8(8, DType.INT32),
  /** Signed byte. */
  I8(8, DType.INT32),
  /** Eight-bit float. */
  F8_E5M2(8, null),
  /** Eight-bit float. */
  F8_E4M3(8, null),
  /** Eight-bit exponent. */
  F8_E8M0(8, null),
  /** Eight-bit float without negative zero. */
  F8_E4M3FNUZ(8, null),
  /** Eight-bit float without negative zero. */
  F8_E5M2FNUZ(8, null),
  /** Signed 16-bit integer. */
  I16(16, DType.INT32),
  /** Unsigned 16-bit integer. */
  U16(16, DType.INT32),
  /** IEEE 754 half precision. */
  F16(16, DType.FLOAT32),
  /** The upper half of a float32. */
  BF16(16, DType.FLOAT32),
  /** Signed 32-bit integer. */
  I32(32, DType.INT32),
  /** Unsigned 32-bit integer. */
  U32(32, DType.INT64),
  /** IEEE 754 single precision. */
  F32(32, DType.FLOAT32),
  /** A complex number of two float32. */
  C64(64, null),
  /** IEEE 754 double precision. */
  F64(64, DType.FLOAT32),
  /** Signed 64-bit integer. */
  I64(64, DType.INT64),
  /** Unsigned 64-bit integer. */
  U64(64, DType.INT64);

  private static final Map<String, TensorType> BY_NAME =
      Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(Enum::name, t -> t));

  private final int bits;
  private final @Nullable DType dtype;

  TensorType(int bits, @Nullable DType dtype) {
    this.bits = bits;
    this.dtype = dtype;
  }

  /**
   * Returns the number of bits of one element; the elements of a tensor fill whole bytes together.
   */
  public int bits() {
    return bits;
  }

  /**
   * Returns the type that the elements are converted to when they are read; null for types that
   * cannot be read.
   */
  public @Nullable DType dtype() {
    return dtype;
  }

  /** Returns whether this is a floating-point type that can be read. */
  public boolean isFloat() {
    return dtype == DType.FLOAT32;
  }

  /** Returns the type of that name in a file, or null if there is none. */
  static @Nullable TensorType byName(String name) {
    return BY_NAME.get(name);
  }

  /** Returns the type of a file for elements of an encoding, null if there is none. */
  static @Nullable TensorType of(Encoding encoding) {
    String name = encoding.safetensorsName();
    return name == null ? null : BY_NAME.get(name);
  }
}
