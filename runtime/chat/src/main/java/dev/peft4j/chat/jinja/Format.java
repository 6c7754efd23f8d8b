package dev.peft4j.chat.jinja;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code str.format}: fields by number and by name, with attributes, items, conversions and nested
 * fields.
 */
final class Format {
  private final Args args;
  private final @Nullable Object mapping;
  private final Runtime rt;
  private final boolean escape;
  private int automatic;

  private Format(Args args, @Nullable Object mapping, boolean escape, Runtime rt) {
    this.args = args;
    this.mapping = mapping;
    this.escape = escape;
    this.rt = rt;
  }

  static String format(String text, Args args, Runtime rt) {
    return new Format(args, null, false, rt).run(text, 2);
  }

  static String formatMarkup(String text, Args args, Runtime rt) {
    return new Format(args, null, true, rt).run(text, 2);
  }

  static String formatMap(String text, Object mapping, Runtime rt) {
    return new Format(Args.NONE, mapping, false, rt).run(text, 2);
  }

  private String run(String text, int depth) {
    if (depth < 0) {
      throw JinjaException.value("Max string recursion exceeded");
    }
    StringBuilder out = new StringBuilder();
    int i = 0;
    while (i < text.length()) {
      char c = text.charAt(i);
      boolean twice = i + 1 < text.length() && text.charAt(i + 1) == c;
      if (c == '{' && !twice) {
        int end = closing(text, i + 1);
        String s = field(text.substring(i + 1, end), depth);
        rt.reserve(s.length());
        out.append(s);
        i = end + 1;
        continue;
      }
      if (c == '}' && !twice) {
        throw JinjaException.value("Single '}' encountered in format string");
      }
      out.append(c);
      i += c == '{' || c == '}' ? 2 : 1;
    }
    return rt.made(out.toString());
  }

  private static int closing(String text, int from) {
    int depth = 1;
    for (int i = from; i < text.length(); i++) {
      if (text.charAt(i) == '{') {
        depth++;
      } else if (text.charAt(i) == '}' && --depth == 0) {
        return i;
      }
    }
    throw JinjaException.value(
        from == text.length()
            ? "Single '{' encountered in format string"
            : "expected '}' before end of string");
  }

  private String field(String field, int depth) {
    rt.step();
    int end = 0;
    boolean inItem = false;
    while (end < field.length()
        && (inItem || (field.charAt(end) != ':' && field.charAt(end) != '!'))) {
      inItem = field.charAt(end) == '[' || (inItem && field.charAt(end) != ']');
      end++;
    }
    String name = field.substring(0, end);
    String conversion = null;
    if (end < field.length() && field.charAt(end) == '!') {
      int colon = field.indexOf(':', end);
      conversion = field.substring(end + 1, colon < 0 ? field.length() : colon);
      end = colon < 0 ? field.length() : colon;
    }
    Object value = FormatSpec.converted(value(name), conversion, rt);
    String spec = end < field.length() ? run(field.substring(end + 1), depth - 1) : "";
    if (escape) {
      return Markup.escape(
          value instanceof Markup ? value : FormatSpec.format(value, spec, rt), rt);
    }
    return FormatSpec.format(value, spec, rt);
  }

  private Object value(String name) {
    int i = 0;
    while (i < name.length() && name.charAt(i) != '.' && name.charAt(i) != '[') {
      i++;
    }
    Object value = first(name.substring(0, i));
    while (i < name.length()) {
      int start = i + 1;
      if (name.charAt(i) == '.') {
        i = start;
        while (i < name.length() && name.charAt(i) != '.' && name.charAt(i) != '[') {
          i++;
        }
        value = Members.attribute(value, name.substring(start, i), rt);
      } else {
        i = name.indexOf(']', start);
        if (i < 0) {
          throw JinjaException.value("Missing ']' in format string");
        }
        String key = name.substring(start, i++);
        if (i < name.length() && name.charAt(i) != '.' && name.charAt(i) != '[') {
          throw JinjaException.value("Only '.' or '[' may follow ']' in format field specifier");
        }
        Object index = isNumber(key) ? Num.parseInt(key, 10) : key;
        value = Members.item(value, index == null ? key : index, rt);
      }
    }
    return value;
  }

  private static boolean isNumber(String s) {
    return !s.isEmpty() && s.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  private Object first(String name) {
    if (name.isEmpty()) {
      if (automatic < 0) {
        throw JinjaException.value(
            "cannot switch from manual field specification to automatic field numbering");
      }
      return positional(automatic++);
    }
    if (isNumber(name)) {
      if (automatic > 0) {
        throw JinjaException.value(
            "cannot switch from automatic field numbering to manual field specification");
      }
      automatic = -1;
      return positional(name.length() > 9 ? Integer.MAX_VALUE : Integer.parseInt(name));
    }
    Object value =
        mapping == null
            ? named(args.named(), name)
            : mapping instanceof PyDict d ? d.get(name) : Members.item(mapping, name, rt);
    if (value == null) {
      throw new JinjaException("KeyError", Repr.quote(name));
    }
    return value;
  }

  private static @Nullable Object named(Map<String, Object> named, String name) {
    return named.get(name);
  }

  private Object positional(int index) {
    if (index >= args.positional().size()) {
      throw new JinjaException("IndexError", "tuple index out of range");
    }
    return args.positional().get(index);
  }
}
