package dev.peft4j.samples.story;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.transformers.Quantize;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The options of the user, from {@code -Dmodel=} and so on.
 *
 * @param model the folder of a decoder, or its name on the Hub
 * @param steps optimizer steps
 * @param batch texts in a step
 * @param lr the learning rate
 * @param seed determines the adapter's start and the order of the texts
 * @param rank of the adapter; its alpha is twice that
 * @param dtype how the frozen weights are stored
 * @param quantize how the linear layers are quantized, by {@link Quantize#named}; null if not
 * @param heldOut how many of the texts are held out for the perplexity
 * @param out folder for the adapter and the loss curve
 */
record StoryOptions(
    String model,
    int steps,
    int batch,
    float lr,
    long seed,
    int rank,
    Encoding dtype,
    @Nullable Quantize quantize,
    int heldOut,
    Path out) {
  private static final int MAX_STEPS = 1_000_000;
  private static final int MAX_BATCH = 512;
  private static final int MAX_RANK = 512;

  /** Thrown for an option that is not valid. */
  static final class WrongOptionException extends Exception {
    private static final long serialVersionUID = 1L;

    WrongOptionException(String name, @Nullable String found, String expected) {
      super("-D" + name + "=" + (found == null ? "" : found) + ": expected " + expected);
    }
  }

  /**
   * Reads the options.
   *
   * @param property gives a system property, or null if it is not set
   */
  static StoryOptions read(UnaryOperator<@Nullable String> property) throws WrongOptionException {
    String model = property.apply("model");
    if (model == null || model.isBlank()) {
      throw new WrongOptionException("model", model, "the folder of a decoder, or its name");
    }
    return new StoryOptions(
        model,
        (int) number(property, "steps", 300, 1, MAX_STEPS),
        (int) number(property, "batch", 32, 1, MAX_BATCH),
        rate(property.apply("lr")),
        number(property, "seed", 0, Long.MIN_VALUE, Long.MAX_VALUE),
        (int) number(property, "rank", 8, 1, MAX_RANK),
        dtype(property.apply("dtype")),
        quantize(property.apply("quantize")),
        (int) number(property, "heldout", StoryData.TEST_SIZE, 1, StoryData.TEST_SIZE),
        folder(property.apply("out")));
  }

  private static long number(
      UnaryOperator<@Nullable String> property, String name, long missing, long least, long most)
      throws WrongOptionException {
    String value = property.apply(name);
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

  private static float rate(@Nullable String value) throws WrongOptionException {
    if (value == null) {
      return 3e-3f;
    }
    try {
      float rate = Float.parseFloat(value.strip());
      if (rate > 0 && Float.isFinite(rate)) {
        return rate;
      }
    } catch (NumberFormatException e) {
      // the same message as for a number out of range
    }
    throw new WrongOptionException("lr", value, "a number above 0, such as 3e-3");
  }

  private static Encoding dtype(@Nullable String value) throws WrongOptionException {
    String name = value == null ? "float32" : value.strip();
    for (Encoding e : List.of(Encodings.FLOAT32, Encodings.BFLOAT16, Encodings.FLOAT16)) {
      if (e.name().equalsIgnoreCase(name)) {
        return e;
      }
    }
    throw new WrongOptionException("dtype", value, "float32, bfloat16 or float16");
  }

  private static @Nullable Quantize quantize(@Nullable String value) throws WrongOptionException {
    if (value == null) {
      return null;
    }
    try {
      return Quantize.named(value.strip());
    } catch (IllegalArgumentException e) {
      throw new WrongOptionException("quantize", value, "nf4, fp4, int8, q8_0, q4_0, ...");
    }
  }

  private static Path folder(@Nullable String value) throws WrongOptionException {
    if (value == null) {
      return Path.of("target", "story");
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
}
