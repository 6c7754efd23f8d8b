package dev.peft4j.chat.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/** Numbers: whole ones of any size (a {@code Long} where it fits), and floats. */
final class Num {
  /** Python makes no text of longer whole numbers, nor reads it. */
  static final int MAX_DIGITS = 4300;

  private static final int MAX_BITS = 100_000;
  private static final BigInteger MIN_LONG = BigInteger.valueOf(Long.MIN_VALUE);
  private static final BigInteger MAX_LONG = BigInteger.valueOf(Long.MAX_VALUE);

  private Num() {}

  static Object normal(BigInteger n) {
    if (n.bitLength() > MAX_BITS) {
      throw JinjaException.limit("a number of more than " + MAX_BITS + " bits");
    }
    return n.compareTo(MIN_LONG) >= 0 && n.compareTo(MAX_LONG) <= 0 ? (Object) n.longValue() : n;
  }

  static BigInteger big(Object n) {
    return switch (n) {
      case Long l -> BigInteger.valueOf(l);
      case Boolean b -> b ? BigInteger.ONE : BigInteger.ZERO;
      default -> (BigInteger) n;
    };
  }

  static double toDouble(Object n) {
    return switch (n) {
      case Double d -> d;
      case Long l -> l;
      case Boolean b -> b ? 1 : 0;
      default -> {
        double d = ((BigInteger) n).doubleValue();
        if (Double.isInfinite(d)) {
          throw new JinjaException("OverflowError", "int too large to convert to float");
        }
        yield d;
      }
    };
  }

  private static boolean isZero(Object n) {
    return !Types.truth(n);
  }

  static Object add(Object a, Object b) {
    if (a instanceof Long x && b instanceof Long y) {
      long r = x + y;
      return ((x ^ r) & (y ^ r)) < 0
          ? (Object) BigInteger.valueOf(x).add(BigInteger.valueOf(y))
          : r;
    }
    if (a instanceof Double || b instanceof Double) {
      return toDouble(a) + toDouble(b);
    }
    return normal(big(a).add(big(b)));
  }

  static Object subtract(Object a, Object b) {
    if (a instanceof Double || b instanceof Double) {
      return toDouble(a) - toDouble(b);
    }
    return normal(big(a).subtract(big(b)));
  }

  static Object multiply(Object a, Object b) {
    if (a instanceof Double || b instanceof Double) {
      return toDouble(a) * toDouble(b);
    }
    return normal(big(a).multiply(big(b)));
  }

  static Object divide(Object dividend, Object divisor) {
    Object a = plus(dividend);
    Object b = plus(divisor);
    boolean floats = a instanceof Double || b instanceof Double;
    if (isZero(b)) {
      throw zero(floats ? "float division by zero" : "division by zero");
    }
    if (floats
        || (a instanceof Long x
            && b instanceof Long y
            && Math.abs(x) < 1L << 53
            && Math.abs(y) < 1L << 53)) {
      return toDouble(a) / toDouble(b);
    }
    double d =
        new BigDecimal(big(a))
            .divide(new BigDecimal(big(b)), java.math.MathContext.DECIMAL128)
            .doubleValue();
    if (Double.isInfinite(d)) {
      throw new JinjaException("OverflowError", "integer division result too large for a float");
    }
    return d;
  }

  static Object floorDivide(Object a, Object b) {
    if (a instanceof Double || b instanceof Double) {
      double x = toDouble(a);
      double y = toDouble(b);
      if (y == 0) {
        throw zero("float floor division by zero");
      }
      double mod = floatMod(x, y);
      double div = (x - mod) / y;
      if (div == 0) {
        return Math.copySign(0.0, x / y);
      }
      double floor = Math.floor(div);
      return div - floor > 0.5 ? floor + 1 : floor;
    }
    if (isZero(b)) {
      throw zero("integer division or modulo by zero");
    }
    if (a instanceof Long x && b instanceof Long y && x != Long.MIN_VALUE) {
      return Math.floorDiv(x, y);
    }
    BigInteger[] r = big(a).divideAndRemainder(big(b));
    return normal(
        r[1].signum() != 0 && r[1].signum() != big(b).signum()
            ? r[0].subtract(BigInteger.ONE)
            : r[0]);
  }

  static Object mod(Object a, Object b) {
    if (a instanceof Double || b instanceof Double) {
      double y = toDouble(b);
      if (y == 0) {
        throw zero("float modulo");
      }
      return floatMod(toDouble(a), y);
    }
    if (isZero(b)) {
      throw zero("integer modulo by zero");
    }
    if (a instanceof Long x && b instanceof Long y) {
      return Math.floorMod(x, y);
    }
    BigInteger r = big(a).remainder(big(b));
    return normal(r.signum() != 0 && r.signum() != big(b).signum() ? r.add(big(b)) : r);
  }

  private static double floatMod(double x, double y) {
    double mod = x % y;
    if (mod != 0) {
      return (y < 0) != (mod < 0) ? mod + y : mod;
    }
    return Math.copySign(0.0, y);
  }

  static Object power(Object a, Object b, Runtime rt) {
    if (a instanceof Double || b instanceof Double || Compare.number(b, 0L) < 0) {
      double x = toDouble(a);
      double y = toDouble(b);
      if (x == 0 && y < 0) {
        throw zero("0.0 cannot be raised to a negative power");
      }
      if (x < 0 && y != Math.rint(y) && !Double.isInfinite(x) && !Double.isInfinite(y)) {
        throw JinjaException.value(
            "a root of a negative number is complex, which is not supported");
      }
      // Java says NaN where C says 1.
      double d = x == 1 || (x == -1 && Double.isInfinite(y)) ? 1.0 : Math.pow(x, y);
      if (Double.isInfinite(d) && !Double.isInfinite(x) && !Double.isInfinite(y)) {
        throw new JinjaException("OverflowError", "(34, 'Numerical result out of range')");
      }
      return d;
    }
    BigInteger base = big(a);
    BigInteger exponent = big(b);
    if (base.abs().compareTo(BigInteger.ONE) <= 0) {
      return normal(
          base.signum() >= 0
              ? (exponent.signum() == 0 ? BigInteger.ONE : base)
              : exponent.testBit(0) ? base : BigInteger.ONE);
    }
    if (exponent.bitLength() > 31
        || (long) (base.bitLength() - 1) * exponent.intValue() > MAX_BITS) {
      throw JinjaException.limit("a power of more than " + MAX_BITS + " bits");
    }
    rt.work((long) base.bitLength() * exponent.intValue() / 4);
    return normal(base.pow(exponent.intValue()));
  }

  static Object negate(Object a) {
    if (a instanceof Double d) {
      return -d;
    }
    return normal(big(a).negate());
  }

  static Object plus(Object a) {
    return a instanceof Boolean b ? (Object) (b ? 1L : 0L) : a;
  }

  static Object abs(Object a) {
    if (a instanceof Double d) {
      return Math.abs(d);
    }
    return normal(big(a).abs());
  }

  /** Python's {@code round(value, digits)}: exact, halves to even. */
  static Object round(Object value, long digits) {
    if (!(value instanceof Double d)) {
      if (digits >= 0) {
        return plus(value);
      }
      return digits < -MAX_DIGITS
          ? (Object) 0L
          : normal(
              new BigDecimal(big(value))
                  .setScale((int) digits, RoundingMode.HALF_EVEN)
                  .toBigIntegerExact());
    }
    if (d.isNaN() || d.isInfinite() || digits > 330 || d == 0) {
      return d;
    }
    if (digits < -330) {
      return Math.copySign(0.0, d);
    }
    return Math.copySign(
        new BigDecimal(d).setScale((int) digits, RoundingMode.HALF_EVEN).doubleValue(), d);
  }

  /** The whole part of a float, as {@code int()} gives it. */
  static Object truncate(double d) {
    if (Double.isNaN(d)) {
      throw JinjaException.value("cannot convert float NaN to integer");
    }
    if (Double.isInfinite(d)) {
      throw new JinjaException("OverflowError", "cannot convert float infinity to integer");
    }
    return normal(new BigDecimal(d).toBigInteger());
  }

  /** Reads a whole number as Python's {@code int(text, base)}; null if it is none. */
  static @Nullable Object parseInt(String text, int base) {
    String s = Str.strip(text, null, true, true);
    boolean negative = s.startsWith("-");
    if (negative || s.startsWith("+")) {
      s = s.substring(1);
    }
    String lower = s.toLowerCase(java.util.Locale.ROOT);
    int radix = base;
    for (String prefix : new String[] {"0x", "0o", "0b"}) {
      int r = prefix.equals("0x") ? 16 : prefix.equals("0o") ? 8 : 2;
      if (lower.startsWith(prefix) && (base == 0 || base == r)) {
        radix = r;
        s = s.substring(2);
        if (s.startsWith("_")) {
          s = s.substring(1);
        }
        break;
      }
    }
    if (radix == 0) {
      radix = 10;
      if (s.length() > 1 && s.startsWith("0") && !s.replace("0", "").replace("_", "").isEmpty()) {
        return null;
      }
    }
    if (radix < 2
        || radix > 36
        || s.isEmpty()
        || s.startsWith("_")
        || s.endsWith("_")
        || s.contains("__")) {
      return null;
    }
    String digits = s.replace("_", "");
    if (radix == 10 && digits.length() > MAX_DIGITS || digits.length() > 20_000) {
      return null;
    }
    for (int i = 0; i < digits.length(); i++) {
      if (Character.digit(digits.charAt(i), radix) < 0) {
        return null;
      }
    }
    BigInteger n = new BigInteger(digits, radix);
    return normal(negative ? n.negate() : n);
  }

  /** Reads a float as Python's {@code float(text)}; null if it is none. */
  static @Nullable Double parseFloat(String text) {
    String s = Str.strip(text, null, true, true);
    String lower = s.toLowerCase(java.util.Locale.ROOT);
    String unsigned = lower.startsWith("-") || lower.startsWith("+") ? lower.substring(1) : lower;
    double sign = lower.startsWith("-") ? -1 : 1;
    if (unsigned.equals("inf") || unsigned.equals("infinity")) {
      return sign * Double.POSITIVE_INFINITY;
    }
    if (unsigned.equals("nan")) {
      return Double.NaN;
    }
    boolean digit = false;
    for (int i = 0; i < unsigned.length(); i++) {
      char c = unsigned.charAt(i);
      boolean d = c >= '0' && c <= '9';
      digit |= d;
      if (c == '_') {
        if (i == 0
            || i + 1 == unsigned.length()
            || !Character.isDigit(unsigned.charAt(i - 1))
            || !Character.isDigit(unsigned.charAt(i + 1))) {
          return null;
        }
      } else if (!d && c != '.' && c != 'e' && c != '+' && c != '-') {
        return null;
      }
    }
    if (!digit) {
      return null;
    }
    try {
      return Double.valueOf(lower.replace("_", ""));
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private static JinjaException zero(String message) {
    return new JinjaException("ZeroDivisionError", message);
  }
}
