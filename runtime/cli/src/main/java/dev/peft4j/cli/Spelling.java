package dev.peft4j.cli;

import dev.peft4j.io.Blanks;
import java.math.BigDecimal;
import java.text.Normalizer;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Spellings of names, labels and columns: which are equal, and which only look alike. */
final class Spelling {
  /** A number as JSON writes it. */
  private static final Pattern NUMBER =
      Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?");

  /** A number as people write it too: 01, +1, 1., .5. */
  private static final Pattern LOOSE_NUMBER =
      Pattern.compile("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?");

  /**
   * The largest number of digits of a number; longer ones, or ones with more zeros, are not numbers
   * of a class.
   */
  private static final int MAX_DIGITS = 100;

  private Spelling() {}

  /** Returns the name without blanks at its ends, with accents composed (Unicode's form C). */
  static String name(String raw) {
    return Blanks.strip(raw);
  }

  /** Returns the value of a number as JSON writes it, or null. */
  static @Nullable BigDecimal number(String name) {
    return value(NUMBER, name);
  }

  /** Returns the value of a number in any decimal spelling, or null. */
  static @Nullable BigDecimal looseNumber(String name) {
    return value(LOOSE_NUMBER, name);
  }

  private static @Nullable BigDecimal value(Pattern form, String name) {
    if (name.length() > MAX_DIGITS || !form.matcher(name).matches()) {
      return null;
    }
    try {
      BigDecimal value = new BigDecimal(name).stripTrailingZeros();
      return Math.abs((long) value.scale()) <= MAX_DIGITS ? value : null;
    } catch (NumberFormatException | ArithmeticException e) {
      return null; // an exponent that no number has
    }
  }

  /**
   * Returns a text that is equal for names that differ only in case, in blanks or by Unicode's
   * compatible forms.
   */
  static String alike(String name) {
    String folded = Normalizer.normalize(name, Normalizer.Form.NFKC);
    folded = folded.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
    StringBuilder out = new StringBuilder();
    folded.codePoints().filter(c -> !Blanks.isBlank(c)).forEach(out::appendCodePoint);
    return Normalizer.normalize(out, Normalizer.Form.NFKC);
  }
}
