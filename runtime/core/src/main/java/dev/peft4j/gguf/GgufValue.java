package dev.peft4j.gguf;

import java.util.List;
import java.util.Objects;

/**
 * A value of metadata with its type in the file.
 *
 * @param type its type
 * @param value a {@link Long} for whole numbers (a uint64 beyond 2⁶³ is negative, see {@link
 *     Long#toUnsignedString(long)}), a {@link Double} for floats, a {@link Boolean}, a {@link
 *     String}, or a {@link GgufArray}
 */
public record GgufValue(GgufValueType type, Object value) {
  /** Creates a value. */
  public GgufValue {
    Objects.requireNonNull(type);
    Class<?> wanted =
        switch (type) {
          case STRING -> String.class;
          case BOOL -> Boolean.class;
          case ARRAY -> GgufArray.class;
          case FLOAT32, FLOAT64 -> Double.class;
          default -> Long.class;
        };
    if (!wanted.isInstance(value)) {
      throw new IllegalArgumentException(
          "a value of type " + type + " is a " + wanted.getSimpleName() + ", found " + value);
    }
  }

  /** Returns a text. */
  public static GgufValue of(String text) {
    return new GgufValue(GgufValueType.STRING, text);
  }

  /** Returns a truth value. */
  public static GgufValue of(boolean value) {
    return new GgufValue(GgufValueType.BOOL, value);
  }

  /** Returns an unsigned 32-bit integer, the type of most sizes. */
  public static GgufValue uint32(long value) {
    if (value < 0 || value > 0xffff_ffffL) {
      throw new IllegalArgumentException(value + " is not an unsigned integer of 32 bits");
    }
    return new GgufValue(GgufValueType.UINT32, value);
  }

  /** Returns a number of single precision. */
  public static GgufValue float32(float value) {
    return new GgufValue(GgufValueType.FLOAT32, (double) value);
  }

  /** Returns an array of texts. */
  public static GgufValue strings(List<String> texts) {
    return array(new GgufArray(GgufValueType.STRING, texts));
  }

  /** Returns an array of signed 32-bit integers. */
  public static GgufValue int32s(List<Integer> numbers) {
    return array(
        new GgufArray(GgufValueType.INT32, numbers.stream().map(Integer::longValue).toList()));
  }

  /** Returns an array of numbers of single precision. */
  public static GgufValue float32s(List<Float> numbers) {
    return array(
        new GgufArray(GgufValueType.FLOAT32, numbers.stream().map(Float::doubleValue).toList()));
  }

  private static GgufValue array(GgufArray array) {
    return new GgufValue(GgufValueType.ARRAY, array);
  }

  /** Returns its kind in a message: type, and an array's number of elements. */
  public String describe() {
    return switch (value) {
      case GgufArray a -> "an array of " + a.size() + " " + a.of();
      case String s -> "the string " + dev.peft4j.io.Quote.text(s);
      default -> type + " " + value;
    };
  }
}
