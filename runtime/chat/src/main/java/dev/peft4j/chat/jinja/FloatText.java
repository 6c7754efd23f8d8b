package dev.peft4j.chat.jinja;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/** Floats with a precision, as C's {@code printf} writes them; without a sign. */
final class FloatText {
  // A double has no more digits; what is asked for beyond is zeros.
  private static final int MAX_DIGITS = 1_100;

  private FloatText() {}

  /** {@code kind} is one of e, f, g, in either case, or r: as {@code g}, but with a point. */
  static String of(double value, char kind, int precision, boolean alternate, Runtime rt) {
    double d = Math.abs(value);
    boolean upper = Character.isUpperCase(kind);
    if (Double.isNaN(d) || Double.isInfinite(d)) {
      String s = Double.isNaN(d) ? "nan" : "inf";
      return upper ? s.toUpperCase(Locale.ROOT) : s;
    }
    rt.reserve(precision);
    return switch (Character.toLowerCase(kind)) {
      case 'f' -> fixed(d, precision, alternate, rt);
      case 'e' -> exponent(d, precision, alternate, upper);
      default -> general(d, Math.max(1, precision), alternate, upper, kind == 'r', rt);
    };
  }

  private static String fixed(double d, int precision, boolean alternate, Runtime rt) {
    int exact = Math.min(precision, MAX_DIGITS);
    String s = new BigDecimal(d).setScale(exact, RoundingMode.HALF_EVEN).toPlainString();
    rt.reserve(s.length());
    s += "0".repeat(precision - exact);
    return alternate && precision == 0 ? s + "." : s;
  }

  private static String exponent(double d, int precision, boolean alternate, boolean upper) {
    int exact = Math.min(precision, MAX_DIGITS);
    String digits = "0".repeat(exact + 1);
    int exponent = 0;
    if (d != 0) {
      BigDecimal r = new BigDecimal(d).round(new MathContext(exact + 1, RoundingMode.HALF_EVEN));
      digits = r.unscaledValue().toString();
      exponent = digits.length() - 1 - r.scale();
      digits =
          digits.length() > exact + 1
              ? digits.substring(0, exact + 1)
              : digits + "0".repeat(exact + 1 - digits.length());
    }
    digits += "0".repeat(precision - exact);
    String e = Integer.toString(Math.abs(exponent));
    return digits.charAt(0)
        + (digits.length() > 1 ? "." + digits.substring(1) : alternate ? "." : "")
        + (upper ? "E" : "e")
        + (exponent < 0 ? "-" : "+")
        + (e.length() < 2 ? "0" + e : e);
  }

  private static String general(
      double d, int precision, boolean alternate, boolean upper, boolean point, Runtime rt) {
    int p = Math.min(precision, MAX_DIGITS);
    int exponent = 0;
    if (d != 0) {
      BigDecimal r = new BigDecimal(d).round(new MathContext(p, RoundingMode.HALF_EVEN));
      exponent = r.precision() - 1 - r.scale();
    }
    if (exponent < -4 || exponent >= p - (point ? 1 : 0)) {
      String s = exponent(d, p - 1, alternate, upper);
      int e = s.indexOf(upper ? 'E' : 'e');
      return alternate ? s : withoutZeros(s.substring(0, e)) + s.substring(e);
    }
    String s = fixed(d, p - 1 - exponent, alternate, rt);
    s = alternate ? s : withoutZeros(s);
    return point && s.indexOf('.') < 0 ? s + ".0" : s;
  }

  private static String withoutZeros(String s) {
    if (s.indexOf('.') < 0) {
      return s;
    }
    int end = s.length();
    while (s.charAt(end - 1) == '0') {
      end--;
    }
    return s.substring(0, s.charAt(end - 1) == '.' ? end - 1 : end);
  }
}
