package dev.peft4j.samples.gloss;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The options of the user, from {@code -Dsteps=} and so on.
 *
 * @param steps optimizer steps
 * @param seed determines the initial weights and the order of the examples
 * @param batch examples in a step
 * @param out folder for the adapter and the loss curve
 * @param methods the methods to train: {@code head}, {@code lora} or both
 * @param text a sentence to classify instead, or null
 */
record GlossOptions(
    int steps, long seed, int batch, Path out, List<String> methods, @Nullable String text) {
  static final String HEAD = "head";
  static final String LORA = "lora";

  private static final int MAX_STEPS = 1_000_000;
  private static final int MAX_BATCH = 512;

  /** Thrown for an option that is not valid. */
  static final class WrongOptionException extends Exception {
    private static final long serialVersionUID = 1L;

    WrongOptionException(String name, String found, String expected) {
      super("-D" + name + "=" + found + ": expected " + expected);
    }
  }

  /**
   * Reads the options.
   *
   * @param property gives a system property, or null if it is not set
   */
  static GlossOptions read(UnaryOperator<@Nullable String> property) throws WrongOptionException {
    String text = property.apply("text");
    if (text != null && text.isBlank()) {
      throw new WrongOptionException("text", text, "a sentence");
    }
    return new GlossOptions(
        (int) number("steps", property.apply("steps"), 300, 1, MAX_STEPS),
        number("seed", property.apply("seed"), 0, Long.MIN_VALUE, Long.MAX_VALUE),
        (int) number("batch", property.apply("batch"), 32, 1, MAX_BATCH),
        folder(property.apply("out")),
        methods(property.apply("method")),
        text);
  }

  private static long number(
      String name, @Nullable String value, long missing, long least, long most)
      throws WrongOptionException {
    if (value == null) {
      return missing;
    }
    try {
      long v = Long.parseLong(value.strip());
      if (v >= least && v <= most) {
        return v;
      }
    } catch (NumberFormatException e) {
      // the same message as for a number out of range
    }
    boolean any = least == Long.MIN_VALUE;
    throw new WrongOptionException(
        name, value, any ? "a whole number" : "a whole number from " + least + " to " + most);
  }

  private static Path folder(@Nullable String value) throws WrongOptionException {
    if (value == null) {
      return Path.of("target", "gloss");
    }
    try {
      if (!value.isBlank()) {
        return Path.of(value);
      }
    } catch (InvalidPathException e) {
      // the same message as for an empty one
    }
    throw new WrongOptionException("out", value, "a folder");
  }

  private static List<String> methods(@Nullable String value) throws WrongOptionException {
    return switch (value == null ? "both" : value.strip().toLowerCase(Locale.ROOT)) {
      case HEAD -> List.of(HEAD);
      case LORA -> List.of(LORA);
      case "both" -> List.of(HEAD, LORA);
      default ->
          throw new WrongOptionException("method", String.valueOf(value), "lora, head or both");
    };
  }
}
