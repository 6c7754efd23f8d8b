package dev.peft4j.constraint;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/**
 * Sets of numbers as JSON writes them, without exponents. All texts of a number are in a set or
 * none, within the largest number of digits.
 */
final class NumberTexts {
  /** Digits of a number with a fraction: so many, a double holds exactly. */
  private static final int DIGITS = 15;

  private static final int WHOLE_DIGITS = 30;
  private static final int MAX_DIVISOR = 2_000;
  private static final String ALPHABET = "-.0123456789";

  /** Where in a number a text is. */
  private enum Part {
    BEGIN,
    SIGN,
    ZERO,
    WHOLE,
    DOT,
    FRACTION;

    boolean ends() {
      return this == ZERO || this == WHOLE || this == FRACTION;
    }
  }

  /** Every number. */
  static final Dfa ALL = all();

  /** Whole numbers, written without a fraction. */
  static final Dfa INTEGERS = Nfa.whole(RegexReader.read("-?\\d+", "", true), "").and(ALL);

  /** Numbers that are whole, {@code 1.0} too. */
  static final Dfa WHOLE = Nfa.whole(RegexReader.read("-?\\d+(\\.0+)?", "", true), "").and(ALL);

  /** Numbers of a usual size. */
  private static final Dfa SHORT =
      Nfa.whole(RegexReader.read("-?\\d{1,15}(\\.\\d+)?", "", true), "").and(ALL);

  private NumberTexts() {}

  private record Shape(Part part, boolean negative, boolean zero, int digits, boolean fraction) {}

  private static @Nullable Part next(Part part, char c) {
    boolean digit = c >= '0' && c <= '9';
    return switch (part) {
      case BEGIN -> c == '-' ? Part.SIGN : c == '0' ? Part.ZERO : digit ? Part.WHOLE : null;
      case SIGN -> c == '0' ? Part.ZERO : digit ? Part.WHOLE : null;
      case ZERO -> c == '.' ? Part.DOT : null;
      case WHOLE -> c == '.' ? Part.DOT : digit ? Part.WHOLE : null;
      case DOT, FRACTION -> digit ? Part.FRACTION : null;
    };
  }

  private static Dfa all() {
    return Dfa.explore(
        new Shape(Part.BEGIN, false, true, 0, false),
        ALPHABET,
        (s, c) -> {
          Part part = next(s.part, c);
          boolean digit = Character.isDigit(c);
          int digits = s.digits + (digit ? 1 : 0);
          boolean fraction = s.fraction || c == '.';
          if (part == null || digits > (fraction ? DIGITS : WHOLE_DIGITS)) {
            return null;
          }
          return new Shape(
              part, s.negative || c == '-', s.zero && (!digit || c == '0'), digits, fraction);
        },
        s -> s.part.ends() && !(s.negative && s.zero)); // no -0
  }

  /** How the digits so far compare with those of a bound. */
  private record Compared(Part part, boolean negative, int whole, int order, int fraction) {}

  /**
   * Returns the numbers on one side of a bound.
   *
   * @param above whether those above it
   * @param equal whether the bound too
   */
  static Dfa bounded(BigDecimal bound, boolean above, boolean equal) {
    BigDecimal size = bound.abs().stripTrailingZeros();
    String plain = size.toPlainString();
    int dot = plain.indexOf('.');
    String whole = dot < 0 ? plain : plain.substring(0, dot);
    String fraction = dot < 0 ? "" : plain.substring(dot + 1);
    return Dfa.explore(
            new Compared(Part.BEGIN, false, 0, 0, 0),
            ALPHABET,
            (s, c) -> step(s, c, whole, fraction),
            s -> {
              if (!s.part.ends()) {
                return false;
              }
              int order = order(s, whole, fraction);
              int sign = s.negative ? -1 : 1;
              int value = bound.signum() < 0 ? (s.negative ? -order : 1) : s.negative ? -1 : order;
              boolean zero = bound.signum() == 0 && sign > 0 && order == 0;
              int compared = zero ? 0 : value;
              return compared == 0 ? equal : above == compared > 0;
            })
        .and(ALL);
  }

  private static @Nullable Compared step(Compared s, char c, String whole, String fraction) {
    Part part = next(s.part, c);
    if (part == null || s.whole > WHOLE_DIGITS) {
      return null;
    }
    if (!Character.isDigit(c)) {
      int order = c == '.' ? wholeOrder(s, whole) : s.order;
      return new Compared(part, s.negative || c == '-', c == '.' ? 0 : s.whole, order, 0);
    }
    if (part != Part.FRACTION) {
      int at = s.whole;
      int order =
          s.order != 0 || at >= whole.length() ? s.order : Character.compare(c, whole.charAt(at));
      return new Compared(
          part, s.negative, Math.min(at + 1, WHOLE_DIGITS + 1), Integer.signum(order), 0);
    }
    int at = s.fraction;
    int order = s.order;
    if (order == 0) {
      char other = at < fraction.length() ? fraction.charAt(at) : '0';
      order = Integer.signum(Character.compare(c, other));
    }
    return new Compared(
        part, s.negative, 0, order, order != 0 ? 0 : Math.min(at + 1, fraction.length()));
  }

  private static int wholeOrder(Compared s, String whole) {
    int longer = Integer.compare(s.whole, whole.length());
    return longer != 0 ? longer : s.order;
  }

  private static int order(Compared s, String whole, String fraction) {
    int order = s.part == Part.FRACTION ? s.order : wholeOrder(s, whole);
    int read = s.part == Part.FRACTION ? s.fraction : 0;
    return order == 0 && read < fraction.length() ? -1 : order;
  }

  /** Returns the texts of one number. */
  static Dfa of(BigDecimal value) {
    return bounded(value, true, true).and(bounded(value, false, true));
  }

  private record Rest(Part part, int rest, int fraction) {}

  /**
   * Returns the multiples of a number above 0.
   *
   * @param where for messages
   */
  static Dfa multiples(BigDecimal of, String where) {
    BigDecimal scaled = of.stripTrailingZeros();
    scaled = scaled.scale() < 0 ? scaled.setScale(0) : scaled;
    int places = scaled.scale();
    if (scaled.unscaledValue().bitLength() > 30
        || scaled.unscaledValue().intValue() > MAX_DIVISOR
        || places > DIGITS) {
      throw new ConstraintException(
          where,
          "is " + of + ": its digits without the point may be up to " + MAX_DIVISOR + " here");
    }
    int divisor = scaled.unscaledValue().intValue();
    return Dfa.explore(
            new Rest(Part.BEGIN, 0, 0),
            ALPHABET,
            (s, c) -> {
              Part part = next(s.part, c);
              if (part == null) {
                return null;
              }
              if (!Character.isDigit(c)) {
                return new Rest(part, s.rest, 0);
              }
              int digit = c - '0';
              if (part == Part.FRACTION && s.fraction == places) {
                return digit == 0 ? new Rest(part, s.rest, places) : null;
              }
              int rest = (s.rest * 10 + digit) % divisor;
              return new Rest(part, rest, part == Part.FRACTION ? s.fraction + 1 : 0);
            },
            s -> {
              long rest = s.rest;
              for (int i = s.fraction; i < places; i++) {
                rest = rest * 10 % divisor;
              }
              return s.part.ends() && rest == 0;
            })
        .and(ALL);
  }

  /** Returns the texts of a set that a model is to write: plain whole numbers, of a usual size. */
  static Dfa written(Dfa numbers) {
    Dfa all = numbers;
    if (all.minus(WHOLE).isEmpty()) {
      all = all.and(INTEGERS);
    }
    Dfa usual = all.and(SHORT);
    return usual.isEmpty() ? all : usual;
  }
}
