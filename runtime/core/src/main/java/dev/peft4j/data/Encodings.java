package dev.peft4j.data;

import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/** The encodings on the class path, and constants for the common ones. */
public final class Encodings {
  /** IEEE 754 single precision. */
  public static final Encoding FLOAT32 = new Float32();

  /** IEEE 754 half precision; for frozen weights. */
  public static final Encoding FLOAT16 = new Float16();

  /** The upper half of a float32 (bfloat16); for frozen weights. */
  public static final Encoding BFLOAT16 = new BFloat16();

  /** 32-bit signed integers. */
  public static final Encoding INT32 = new Int32();

  /** 64-bit signed integers. */
  public static final Encoding INT64 = new Int64();

  /** Blocks of 32 signed bytes under a scale, 8.5 bits a value; for frozen weights. */
  public static final Encoding Q8_0 = new Q8_0();

  /** Blocks of 32 codes of 4 bits under a scale, 4.5 bits a value; for frozen weights. */
  public static final Encoding Q4_0 = new Q4_0();

  /** QLoRA's codes of 4 bits in blocks of 64, 4.5 bits a value; for frozen weights. */
  public static final Encoding NF4 = new Nf4();

  /** Signed bytes under a scale for each row, 8 bits a value; for frozen weights. */
  public static final Encoding INT8_ROWS = new Int8Rows();

  private Encodings() {}

  /** Returns all encodings on the class path. */
  public static List<Encoding> all() {
    return Found.ALL;
  }

  /**
   * Returns the encoding of that name; case does not matter.
   *
   * @throws IllegalArgumentException if there is none, listing those there are
   */
  public static Encoding named(String name) {
    String wanted = name.toUpperCase(Locale.ROOT);
    for (Encoding e : Found.ALL) {
      if (e.name().toUpperCase(Locale.ROOT).equals(wanted)) {
        return e;
      }
    }
    throw new IllegalArgumentException(
        "no encoding is named '" + name + "'; there are " + Found.ALL);
  }

  /** Returns the encoding of that name in safetensors files, or null if there is none. */
  public static @Nullable Encoding ofSafetensors(String name) {
    for (Encoding e : Found.ALL) {
      if (name.equals(e.safetensorsName())) {
        return e;
      }
    }
    return null;
  }

  /** Returns the encoding of that type number in GGUF files, or null if there is none. */
  public static @Nullable Encoding ofGguf(int type) {
    for (Encoding e : Found.ALL) {
      if (type >= 0 && e.ggufType() == type) {
        return e;
      }
    }
    return null;
  }

  private static final class Found {
    static final List<Encoding> ALL =
        ServiceLoader.load(Encoding.class, Encoding.class.getClassLoader()).stream()
            .map(ServiceLoader.Provider::get)
            .toList();
  }
}
