package dev.peft4j.gguf;

import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.Quote;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a file says of the model that it is a part of.
 *
 * @param file the file that was opened
 * @param prefix what the names of all files begin with
 * @param number which part it is, from 0 on
 * @param count how many parts there are
 * @param tensors how many tensors all parts have together
 */
record GgufSplit(Path file, String prefix, int number, int count, long tensors) {
  private static final String NUMBER = "split.no";
  private static final String COUNT = "split.count";
  private static final String TENSORS = "split.tensors.count";
  private static final Pattern NAME = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");

  /** Returns null for a file that is whole by itself. */
  static @Nullable GgufSplit of(Path file, GgufMetadata metadata) throws FileFormatException {
    long count = metadata.integer(COUNT, 1);
    if (count == 1) {
      return null;
    }
    long number = metadata.integer(NUMBER);
    if (count < 1 || count > 99_999 || number < 0 || number >= count) {
      throw new FileFormatException(
          file,
          "is part " + number + " of " + count + ": " + NUMBER + " and " + COUNT + " disagree");
    }
    Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
    if (!name.matches() || Integer.parseInt(name.group(2)) != number + 1) {
      throw new FileFormatException(
          file,
          "is part "
              + (number + 1)
              + " of "
              + count
              + " of a model; its name should end with "
              + Quote.text(suffix((int) number, (int) count))
              + ", so that the other parts are found");
    }
    return new GgufSplit(file, name.group(1), (int) number, (int) count, metadata.integer(TENSORS));
  }

  private static String suffix(int part, int count) {
    return String.format(Locale.ROOT, "-%05d-of-%05d.gguf", part + 1, count);
  }

  /** Returns the file of a part. */
  Path file(int part) throws FileFormatException {
    Path other = file.resolveSibling(prefix + suffix(part, count));
    if (part != number && !Files.exists(other)) {
      throw new FileFormatException(
          file,
          "is part "
              + (number + 1)
              + " of "
              + count
              + " of a model, but the file "
              + Quote.text(String.valueOf(other.getFileName()))
              + " is not in the folder");
    }
    return other;
  }

  /** Throws unless a file says that it is that part of the model. */
  void requirePart(Path other, int part, GgufMetadata metadata) throws FileFormatException {
    long foundNumber = metadata.integer(NUMBER);
    long foundCount = metadata.integer(COUNT);
    if (foundNumber != part || foundCount != count) {
      throw new FileFormatException(
          other,
          "says that it is part "
              + (foundNumber + 1)
              + " of "
              + foundCount
              + ", expected part "
              + (part + 1)
              + " of "
              + count);
    }
  }

  /** Throws unless all parts have as many tensors as they should. */
  void requireTensors(int found) throws FileFormatException {
    if (found != tensors) {
      throw new FileFormatException(
          file, "says that all parts have " + tensors + " tensors together, found " + found);
    }
  }
}
