package dev.peft4j.chat.jinja;

import java.math.BigInteger;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How {@code format()} writes one value: {@code
 * [[fill]align][sign][z][#][0][width][,][.precision][type]}.
 */
final class FormatSpec {
  private String fill = " ";
  private char align;
  private char sign = '-';
  private boolean alternate;
  private int width;
  private char grouping;
  private int precision = -1;
  private char type;

  private FormatSpec(String spec, Object value) {
    int i = 0;
    int first = spec.isEmpty() ? 0 : Character.charCount(spec.codePointAt(0));
    if (spec.length() > first && "<>=^".indexOf(spec.charAt(first)) >= 0) {
      fill = spec.substring(0, first);
      align = spec.charAt(first);
      i = first + 1;
    } else if (!spec.isEmpty() && "<>=^".indexOf(spec.charAt(0)) >= 0) {
      align = spec.charAt(0);
      i = 1;
    }
    if (i < spec.length() && "+- ".indexOf(spec.charAt(i)) >= 0) {
      sign = spec.charAt(i++);
      if (Types.isText(value)) {
        throw JinjaException.value("Sign not allowed in string format specifier");
      }
    }
    if (i < spec.length() && spec.charAt(i) == 'z') {
      i++;
    }
    if (i < spec.length() && spec.charAt(i) == '#') {
      alternate = true;
      i++;
    }
    if (i < spec.length() && spec.charAt(i) == '0') {
      if (align == 0) {
        fill = "0";
        align = Types.isText(value) ? '<' : '=';
      }
      i++;
    }
    int start = i;
    while (i < spec.length() && Character.isDigit(spec.charAt(i))) {
      i++;
    }
    width = number(spec.substring(start, i), 0);
    if (i < spec.length() && (spec.charAt(i) == ',' || spec.charAt(i) == '_')) {
      grouping = spec.charAt(i++);
    }
    if (i < spec.length() && spec.charAt(i) == '.') {
      start = ++i;
      while (i < spec.length() && Character.isDigit(spec.charAt(i))) {
        i++;
      }
      if (i == start) {
        throw JinjaException.value("Format specifier missing precision");
      }
      precision = number(spec.substring(start, i), -1);
    }
    if (i + 1 < spec.length()) {
      throw JinjaException.value("Invalid format specifier");
    }
    if (i < spec.length()) {
      type = spec.charAt(i);
    }
  }

  private static int number(String digits, int absent) {
    if (digits.isEmpty()) {
      return absent;
    }
    if (digits.length() > 9) {
      throw JinjaException.value("Too many decimal digits in format string");
    }
    return Integer.parseInt(digits);
  }

  static String format(Object value, String spec, Runtime rt) {
    if (spec.isEmpty()) {
      return Repr.str(value, rt);
    }
    if (Types.isText(value)) {
      return new FormatSpec(spec, value).text(value, rt);
    }
    if (Types.isNumber(value)) {
      return new FormatSpec(spec, value).number(value, rt);
    }
    throw JinjaException.type(
        "unsupported format string passed to " + Types.name(value) + ".__format__");
  }

  private String text(Object value, Runtime rt) {
    String s = Types.text(value);
    if (type != 0 && type != 's') {
      throw unknown(Types.name(value));
    }
    if (align == '=') {
      throw JinjaException.value("'=' alignment not allowed in string format specifier");
    }
    if (grouping != 0) {
      throw JinjaException.value("Cannot specify '" + grouping + "' with 's'.");
    }
    if (precision >= 0 && precision < Str.length(s)) {
      s = Str.slice(s, 0, precision, 1);
    }
    return place(s, align == 0 ? '<' : align, rt);
  }

  private JinjaException unknown(String of) {
    return JinjaException.value(
        "Unknown format code '" + type + "' for object of type '" + of + "'");
  }

  private String place(String s, char how, Runtime rt) {
    return Str.pad(
        s,
        width,
        fill,
        how == '<' ? Str.Align.LEFT : how == '^' ? Str.Align.MIDDLE : Str.Align.RIGHT,
        rt);
  }

  private String number(Object value, Runtime rt) {
    boolean whole = Types.isInt(value) && (type == 0 || "bcdoxXn".indexOf(type) >= 0);
    boolean negative =
        value instanceof Double d ? d < 0 || (d == 0 && 1 / d < 0) : Num.big(value).signum() < 0;
    String digits;
    String prefix = "";
    String suffix = "";
    int group = 3;
    if (whole) {
      if (precision >= 0) {
        throw JinjaException.value("Precision not allowed in integer format specifier");
      }
      BigInteger n = Num.big(value).abs();
      int radix = type == 'b' ? 2 : type == 'o' ? 8 : type == 'x' || type == 'X' ? 16 : 10;
      if (type == 'c') {
        return place(character(Num.big(value)), align == 0 ? '<' : align, rt);
      }
      digits = radix == 10 ? Repr.integer(n) : n.toString(radix);
      if (radix != 10) {
        group = 4;
        prefix = alternate ? "0" + type : "";
        digits = type == 'X' ? digits.toUpperCase(Locale.ROOT) : digits;
      }
    } else {
      double d = Num.toDouble(value);
      if (type != 0 && "eEfFgGn%".indexOf(type) < 0) {
        throw unknown(Types.name(value));
      }
      if (type == '%') {
        digits = FloatText.of(d * 100, 'f', precision < 0 ? 6 : precision, alternate, rt);
        suffix = "%";
      } else if (type == 0 && precision < 0) {
        digits = Repr.number(Math.abs(d));
      } else {
        digits =
            FloatText.of(
                d,
                type == 0 ? 'r' : type == 'n' ? 'g' : type,
                precision < 0 ? 6 : precision,
                alternate,
                rt);
      }
    }
    String signText = negative ? "-" : sign == '-' ? "" : String.valueOf(sign);
    int point = 0;
    while (point < digits.length()
            && Character.isLetterOrDigit(digits.charAt(point))
            && digits.charAt(point) != 'e'
            && digits.charAt(point) != 'E'
        || (point < digits.length() && whole)) {
      point++;
    }
    String rest = digits.substring(point) + suffix;
    digits = digits.substring(0, point);
    boolean zeros = align == '=' && fill.equals("0");
    int room = width - signText.length() - prefix.length() - rest.length();
    if (zeros) {
      rt.reserve(Math.max(0, room));
      digits =
          grouping == 0
              ? "0".repeat(Math.max(0, room - digits.length())) + digits
              : zeroed(digits, room, group);
    }
    if (grouping != 0) {
      digits = grouped(digits, group);
    }
    String head = signText + prefix;
    String body = digits + rest;
    if (align == '=') {
      int n = Math.max(0, width - head.length() - body.length());
      rt.reserve(n);
      return head + fill.repeat(n) + body;
    }
    return place(head + body, align == 0 ? '>' : align, rt);
  }

  private static String character(BigInteger n) {
    if (n.signum() < 0 || n.bitLength() > 21 || n.intValue() > Character.MAX_CODE_POINT) {
      throw new JinjaException("OverflowError", "%c arg not in range(0x110000)");
    }
    return Character.toString(n.intValue());
  }

  // So many zeros in front that the digits with their groups are at least so long.
  private String zeroed(String digits, int room, int group) {
    int n = digits.length();
    while (n + (n - 1) / group < room) {
      n++;
    }
    return "0".repeat(n - digits.length()) + digits;
  }

  private String grouped(String digits, int group) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < digits.length(); i++) {
      if (i > 0 && (digits.length() - i) % group == 0) {
        out.append(grouping);
      }
      out.append(digits.charAt(i));
    }
    return out.toString();
  }

  /** The value under {@code !r}, {@code !s} or {@code !a}. */
  static Object converted(Object value, @Nullable String conversion, Runtime rt) {
    return switch (conversion) {
      case null -> value;
      case "s" -> Repr.str(value, rt);
      case "r" -> Repr.repr(value, rt);
      case "a" -> Repr.ascii(Repr.repr(value, rt));
      default -> throw JinjaException.value("Unknown conversion specifier " + conversion);
    };
  }
}
