package dev.peft4j.chat.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;

/** Python's {@code str()} and {@code repr()}. */
final class Repr {
  private Repr() {}

  static String str(Object value, Runtime rt) {
    return switch (value) {
      case String s -> s;
      case Markup m -> m.text();
      case Undefined u -> "";
      default -> repr(value, rt);
    };
  }

  static String repr(Object value, Runtime rt) {
    switch (value) {
      case Long n -> {
        return Long.toString(n);
      }
      case Boolean b -> {
        return b ? "True" : "False";
      }
      case None n -> {
        return "None";
      }
      default -> {
        StringBuilder out = new StringBuilder();
        repr(value, out, rt, 0);
        return rt.made(out.toString());
      }
    }
  }

  private static void repr(Object value, StringBuilder out, Runtime rt, int depth) {
    Runtime.nesting(depth);
    rt.reserve(2);
    switch (value) {
      case None n -> out.append("None");
      case Boolean b -> out.append(b ? "True" : "False");
      case Long n -> out.append(n.longValue());
      case BigInteger n -> out.append(integer(n));
      case Double d -> out.append(number(d));
      case String s -> {
        rt.reserve(s.length());
        out.append(quote(s));
      }
      case Markup m -> {
        rt.reserve(m.text().length());
        out.append("Markup(").append(quote(m.text())).append(')');
      }
      case Undefined u -> out.append("Undefined");
      case PyList l -> items(l.items, "[", "]", out, rt, depth);
      case PyTuple t -> items(t.items, "(", t.items.size() == 1 ? ",)" : ")", out, rt, depth);
      case PyDict d -> dict(d, out, rt, depth);
      case PyRange r ->
          out.append("range(")
              .append(r.start())
              .append(", ")
              .append(r.stop())
              .append(r.step() == 1 ? ")" : ", " + r.step() + ")");
      case PyView v -> {
        items(v.list(), v.kind().type + "([", "])", out, rt, depth);
      }
      case PyBytes b -> bytes(b, out);
      case Namespace n -> {
        out.append("<Namespace ");
        dict(n.attributes, out, rt, depth);
        out.append('>');
      }
      case Loop l ->
          out.append("<LoopContext ").append(l.index()).append('/').append(l.length()).append('>');
      case Macro m ->
          out.append("<Macro ").append(m.isCaller() ? "anonymous" : quote(m.name())).append('>');
      case Globals.Function f -> out.append(f.shown());
      default -> out.append('<').append(Types.qualifiedName(value)).append(" object>");
    }
  }

  private static void items(
      List<Object> items, String open, String close, StringBuilder out, Runtime rt, int depth) {
    out.append(open);
    String between = "";
    for (Object o : items) {
      out.append(between);
      between = ", ";
      repr(o, out, rt, depth + 1);
    }
    out.append(close);
  }

  private static void dict(PyDict dict, StringBuilder out, Runtime rt, int depth) {
    out.append('{');
    String between = "";
    for (Map.Entry<Object, Object> e : dict.entries()) {
      out.append(between);
      between = ", ";
      repr(dict.original(e.getKey()), out, rt, depth + 1);
      out.append(": ");
      repr(e.getValue(), out, rt, depth + 1);
    }
    out.append('}');
  }

  private static void bytes(PyBytes b, StringBuilder out) {
    boolean single = false;
    boolean twice = false;
    for (byte x : b.bytes) {
      single |= x == '\'';
      twice |= x == '"';
    }
    char q = single && !twice ? '"' : '\'';
    out.append('b').append(q);
    for (byte x : b.bytes) {
      int c = x & 0xff;
      if (c == q || c == '\\') {
        out.append('\\').append((char) c);
      } else if (c == '\n' || c == '\r' || c == '\t') {
        out.append(c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
      } else if (c < 32 || c >= 127) {
        out.append("\\x").append(hex(c, 2));
      } else {
        out.append((char) c);
      }
    }
    out.append(q);
  }

  static String hex(int value, int digits) {
    String s = Integer.toHexString(value);
    return "0".repeat(Math.max(0, digits - s.length())) + s;
  }

  /** {@code text} in quotes, with escapes. */
  static String quote(String text) {
    char q = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
    StringBuilder out = new StringBuilder(text.length() + 2).append(q);
    int c;
    for (int i = 0; i < text.length(); i += Character.charCount(c)) {
      c = text.codePointAt(i);
      if (c == q || c == '\\') {
        out.append('\\').append((char) c);
      } else if (c >= 32 && c < 127) {
        out.append((char) c);
      } else if (c == '\n' || c == '\r' || c == '\t') {
        out.append(c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
      } else if (CharKinds.printable(c)) {
        out.appendCodePoint(c);
      } else if (c < 0x100) {
        out.append("\\x").append(hex(c, 2));
      } else if (c < 0x10000) {
        out.append("\\u").append(hex(c, 4));
      } else {
        out.append("\\U").append(hex(c, 8));
      }
    }
    return out.append(q).toString();
  }

  /** {@code text} in quotes, in ASCII alone. */
  static String ascii(String repr) {
    StringBuilder out = new StringBuilder(repr.length());
    int c;
    for (int i = 0; i < repr.length(); i += Character.charCount(c)) {
      c = repr.codePointAt(i);
      if (c < 128) {
        out.append((char) c);
      } else {
        out.append(c < 0x100 ? "\\x" : c < 0x10000 ? "\\u" : "\\U")
            .append(hex(c, c < 0x100 ? 2 : c < 0x10000 ? 4 : 8));
      }
    }
    return out.toString();
  }

  static String integer(BigInteger n) {
    String s = n.toString();
    if (s.length() > Num.MAX_DIGITS + 1) {
      throw JinjaException.value(
          "Exceeds the limit ("
              + Num.MAX_DIGITS
              + " digits) for integer string conversion; "
              + "use sys.set_int_max_str_digits() to increase the limit");
    }
    return s;
  }

  /** A float with as few digits as tell it apart. */
  static String number(double d) {
    if (Double.isNaN(d)) {
      return "nan";
    }
    if (Double.isInfinite(d)) {
      return d > 0 ? "inf" : "-inf";
    }
    if (d == 0) {
      return 1 / d < 0 ? "-0.0" : "0.0";
    }
    BigDecimal exact = new BigDecimal(Double.toString(d)).stripTrailingZeros();
    String digits = exact.unscaledValue().abs().toString();
    int exponent = digits.length() - 1 - exact.scale();
    String sign = d < 0 ? "-" : "";
    if (exponent < -4 || exponent >= 16) {
      String mantissa =
          digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
      String e = Integer.toString(Math.abs(exponent));
      return sign + mantissa + "e" + (exponent < 0 ? "-" : "+") + (e.length() < 2 ? "0" + e : e);
    }
    String plain = exact.abs().toPlainString();
    return sign + (plain.indexOf('.') < 0 ? plain + ".0" : plain);
  }
}
