package dev.peft4j.chat.jinja;

import java.math.BigInteger;
import java.util.List;
import java.util.Locale;

/** {@code text % values}. */
final class Percent {
  private final String text;
  private final Object values;
  private final boolean single;
  private final boolean escape;
  private final Runtime rt;
  private int at;
  private int next;

  private Percent(String text, Object values, boolean escape, Runtime rt) {
    this.text = text;
    this.values = values;
    this.single = !(values instanceof PyTuple);
    this.escape = escape;
    this.rt = rt;
  }

  static String format(String text, Object values, boolean escape, Runtime rt) {
    return new Percent(text, values, escape, rt).run();
  }

  private boolean isMapping() {
    return values instanceof PyDict
        || values instanceof PyList
        || values instanceof Undefined
        || values instanceof PyRange;
  }

  private Object argument() {
    if (single) {
      if (next++ > 0) {
        throw JinjaException.type("not enough arguments for format string");
      }
      return values;
    }
    List<Object> items = ((PyTuple) values).items;
    if (next >= items.size()) {
      throw JinjaException.type("not enough arguments for format string");
    }
    return items.get(next++);
  }

  private char peek() {
    if (at >= text.length()) {
      throw JinjaException.value("incomplete format");
    }
    return text.charAt(at);
  }

  private String run() {
    StringBuilder out = new StringBuilder();
    boolean keyed = false;
    while (at < text.length()) {
      char c = text.charAt(at++);
      if (c != '%') {
        out.append(c);
        continue;
      }
      rt.step();
      Object argument = null;
      if (peek() == '(') {
        argument = keyed();
        keyed = true;
      }
      String flags = "";
      while ("#0- +".indexOf(peek()) >= 0) {
        flags += text.charAt(at++);
        if (flags.length() > 16) {
          throw JinjaException.value("too many flags in a format");
        }
      }
      int width = count();
      if (width < 0) {
        flags += "-";
        width = -width;
      }
      int precision = -1;
      if (peek() == '.') {
        at++;
        precision = Math.max(0, count());
      }
      while ("hlL".indexOf(peek()) >= 0) {
        at++;
      }
      char kind = peek();
      int index = at++;
      if (kind == '%') {
        out.append('%');
        continue;
      }
      if ("diouxXeEfFgGcrsa".indexOf(kind) < 0) {
        int point = text.codePointAt(index);
        throw JinjaException.value(
            "unsupported format character '"
                + Character.toString(point)
                + "' (0x"
                + Integer.toHexString(point)
                + ") at index "
                + index);
      }
      String s = one(argument == null ? argument() : argument, kind, flags, width, precision);
      out.append(rt.made(s));
    }
    if (!keyed && (single ? next == 0 && !isMapping() : next < ((PyTuple) values).items.size())) {
      throw JinjaException.type("not all arguments converted during string formatting");
    }
    return rt.made(out.toString());
  }

  private Object keyed() {
    if (!isMapping()) {
      throw JinjaException.type("format requires a mapping");
    }
    int depth = 1;
    int start = ++at;
    while (depth > 0) {
      if (at >= text.length()) {
        throw JinjaException.value("incomplete format key");
      }
      char c = text.charAt(at++);
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    }
    String key = text.substring(start, at - 1);
    if (values instanceof Undefined u) {
      throw u.error();
    }
    if (!(values instanceof PyDict d)) {
      throw JinjaException.type(
          Types.name(values) + " indices must be integers or slices, not str");
    }
    Object value = d.get(key);
    if (value == null) {
      throw new JinjaException("KeyError", Repr.quote(key));
    }
    return value;
  }

  private int count() {
    if (peek() == '*') {
      at++;
      Object n = argument();
      if (!Types.isInt(n)) {
        throw JinjaException.type("* wants int");
      }
      if (n instanceof BigInteger) {
        throw new JinjaException("OverflowError", "Python int too large to convert to C ssize_t");
      }
      return Types.index(n);
    }
    int start = at;
    while (Character.isDigit(peek())) {
      at++;
    }
    if (at - start > 9) {
      throw JinjaException.value("width too big");
    }
    return at == start ? 0 : Integer.parseInt(text.substring(start, at));
  }

  private String one(Object value, char kind, String flags, int width, int precision) {
    boolean left = flags.indexOf('-') >= 0;
    if ("rsa".indexOf(kind) >= 0) {
      String s = kind == 's' ? Repr.str(value, rt) : Repr.repr(value, rt);
      s = kind == 'a' ? Repr.ascii(s) : s;
      s = escape ? Markup.escape(value instanceof Markup && kind == 's' ? value : s, rt) : s;
      if (precision >= 0 && precision < Str.length(s)) {
        s = Str.slice(s, 0, precision, 1);
      }
      return Str.pad(s, width, " ", left ? Str.Align.LEFT : Str.Align.RIGHT, rt);
    }
    if (kind == 'c') {
      return Str.pad(character(value), width, " ", left ? Str.Align.LEFT : Str.Align.RIGHT, rt);
    }
    boolean negative;
    String prefix = "";
    String digits;
    if ("eEfFgG".indexOf(kind) >= 0) {
      double d = real(value, "must be real number, not " + Types.name(value));
      negative = d < 0 || (d == 0 && 1 / d < 0);
      digits = FloatText.of(d, kind, precision < 0 ? 6 : precision, flags.indexOf('#') >= 0, rt);
    } else {
      BigInteger n = whole(value, kind);
      negative = n.signum() < 0;
      int radix = kind == 'o' ? 8 : kind == 'x' || kind == 'X' ? 16 : 10;
      digits = radix == 10 ? Repr.integer(n.abs()) : n.abs().toString(radix);
      digits = kind == 'X' ? digits.toUpperCase(Locale.ROOT) : digits;
      if (precision > digits.length()) {
        rt.reserve(precision);
        digits = "0".repeat(precision - digits.length()) + digits;
      }
      prefix = radix != 10 && flags.indexOf('#') >= 0 ? "0" + kind : "";
    }
    String head =
        (negative ? "-" : flags.indexOf('+') >= 0 ? "+" : flags.indexOf(' ') >= 0 ? " " : "")
            + prefix;
    if (flags.indexOf('0') >= 0 && !left) {
      digits = Str.pad(digits, width - head.length(), "0", Str.Align.RIGHT, rt);
    }
    return Str.pad(head + digits, width, " ", left ? Str.Align.LEFT : Str.Align.RIGHT, rt);
  }

  private static double real(Object value, String otherwise) {
    Undefined.refuse(value, null);
    if (!Types.isNumber(value)) {
      throw JinjaException.type(otherwise);
    }
    return Num.toDouble(value);
  }

  private static BigInteger whole(Object value, char kind) {
    boolean decimal = "diu".indexOf(kind) >= 0;
    Undefined.refuse(decimal ? value : "", null);
    if (decimal && value instanceof Double d) {
      return Num.big(Num.truncate(d));
    }
    if (!Types.isInt(value)) {
      throw JinjaException.type(
          "%"
              + kind
              + " format: "
              + (decimal ? "a real number" : "an integer")
              + " is required, not "
              + Types.name(value));
    }
    return Num.big(value);
  }

  private static String character(Object value) {
    if (Types.isText(value) && Str.length(Types.text(value)) == 1) {
      return Types.text(value);
    }
    if (!Types.isInt(value)) {
      throw JinjaException.type("%c requires int or char");
    }
    int c = Types.index(value);
    if (c < 0 || c > Character.MAX_CODE_POINT) {
      throw new JinjaException("OverflowError", "%c arg not in range(0x110000)");
    }
    return Character.toString(c);
  }
}
