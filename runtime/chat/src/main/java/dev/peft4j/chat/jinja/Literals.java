package dev.peft4j.chat.jinja;

import java.math.BigInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Numbers and texts as they are written in a template. */
final class Literals {
  /** What was read, and where it ends. */
  record Read(String type, Object value, int end) {}

  private static final Pattern FLOAT =
      Pattern.compile(
          "(?:[0-9]++_)*+[0-9]++(?:(?:\\.(?:[0-9]++_)*+[0-9]++)?[eE][+-]?(?:[0-9]++_)*+[0-9]++|\\.(?:[0-9]++_)*+[0-9]++)");
  private static final Pattern INTEGER =
      Pattern.compile(
          "0[bB](?:_?[01])++|0[oO](?:_?[0-7])++|0[xX](?:_?[0-9a-fA-F])++|[1-9](?:_?[0-9])*+|0(?:_?0)*+");

  private Literals() {}

  static @Nullable Read number(String text, int at, Source source) {
    Matcher m = FLOAT.matcher(text).region(at, text.length());
    if ((at == 0 || text.charAt(at - 1) != '.') && m.lookingAt()) {
      return new Read("float", Double.valueOf(m.group().replace("_", "")), m.end());
    }
    m = INTEGER.matcher(text).region(at, text.length());
    if (!m.lookingAt()) {
      return null;
    }
    String digits = m.group().replace("_", "");
    if (digits.length() > Num.MAX_DIGITS) {
      throw source.error("a number of more than " + Num.MAX_DIGITS + " digits", at);
    }
    char base = digits.length() > 1 ? Character.toLowerCase(digits.charAt(1)) : '0';
    int radix = base == 'b' ? 2 : base == 'o' ? 8 : base == 'x' ? 16 : 10;
    return new Read(
        "integer",
        Num.normal(new BigInteger(radix == 10 ? digits : digits.substring(2), radix)),
        m.end());
  }

  static Read string(String text, int at, Source source) {
    char quote = text.charAt(at);
    int end = at + 1;
    while (end < text.length() && text.charAt(end) != quote) {
      end += text.charAt(end) == '\\' ? 2 : 1;
    }
    if (end >= text.length()) {
      throw source.error(
          "unexpected char "
              + Repr.quote(String.valueOf(quote))
              + " at "
              + text.codePointCount(0, at),
          at);
    }
    String raw = text.substring(at + 1, end);
    return new Read("string", raw.indexOf('\\') < 0 ? raw : unescape(raw, at, source), end + 1);
  }

  private static String unescape(String raw, int at, Source source) {
    StringBuilder out = new StringBuilder(raw.length());
    int i = 0;
    while (i < raw.length()) {
      char c = raw.charAt(i++);
      if (c != '\\') {
        out.append(c);
        continue;
      }
      char e = raw.charAt(i++);
      switch (e) {
        case '\n' -> {}
        case '\\', '\'', '"' -> out.append(e);
        case 'a' -> out.append('\u0007');
        case 'b' -> out.append('\b');
        case 'f' -> out.append('\f');
        case 'n' -> out.append('\n');
        case 'r' -> out.append('\r');
        case 't' -> out.append('\t');
        case 'v' -> out.append('\u000b');
        case 'x' -> i = hex(raw, i, 2, "truncated \\xXX escape", out, at, source);
        case 'u' -> i = hex(raw, i, 4, "truncated \\uXXXX escape", out, at, source);
        case 'U' -> i = hex(raw, i, 8, "truncated \\UXXXXXXXX escape", out, at, source);
        case 'N' -> i = named(raw, i, out, at, source);
        default -> i = other(raw, i, e, out);
      }
    }
    return out.toString();
  }

  private static int other(String raw, int i, char e, StringBuilder out) {
    if (e >= '0' && e <= '7') {
      int end = i;
      while (end < raw.length()
          && end < i + 2
          && raw.charAt(end) >= '0'
          && raw.charAt(end) <= '7') {
        end++;
      }
      out.append((char) Integer.parseInt(raw.substring(i - 1, end), 8));
      return end;
    }
    out.append('\\');
    if (e < 128) {
      out.append(e);
      return i;
    }
    // jinja2 writes what is not ASCII as an escape first: a backslash before it takes that one's.
    int c = raw.codePointAt(i - 1);
    int digits = c < 0x100 ? 2 : c < 0x10000 ? 4 : 8;
    out.append(digits == 2 ? 'x' : digits == 4 ? 'u' : 'U').append(Repr.hex(c, digits));
    return i - 1 + Character.charCount(c);
  }

  private static int hex(
      String raw, int i, int digits, String problem, StringBuilder out, int at, Source source) {
    int end = i;
    while (end < raw.length()
        && end < i + digits
        && Character.digit(raw.charAt(end), 16) >= 0
        && raw.charAt(end) < 128) {
      end++;
    }
    if (end < i + digits) {
      throw source.error(problem, at);
    }
    long c = Long.parseLong(raw.substring(i, end), 16);
    if (c > Character.MAX_CODE_POINT) {
      throw source.error("illegal Unicode character", at);
    }
    out.appendCodePoint((int) c);
    return end;
  }

  private static int named(String raw, int i, StringBuilder out, int at, Source source) {
    int end = i < raw.length() && raw.charAt(i) == '{' ? raw.indexOf('}', i) : -1;
    if (end < 0) {
      throw source.error("malformed \\N character escape", at);
    }
    try {
      out.appendCodePoint(Character.codePointOf(raw.substring(i + 1, end)));
    } catch (IllegalArgumentException e) {
      throw source.error("unknown Unicode character name", at);
    }
    return end + 1;
  }
}
