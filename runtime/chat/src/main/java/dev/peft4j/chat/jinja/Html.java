package dev.peft4j.chat.jinja;

import java.util.Map;

/** Tags and entities of HTML. */
final class Html {
  private static final Map<String, String> ENTITIES =
      Map.ofEntries(
          Map.entry("amp", "&"),
          Map.entry("lt", "<"),
          Map.entry("gt", ">"),
          Map.entry("quot", "\""),
          Map.entry("apos", "'"),
          Map.entry("nbsp", "\u00a0"),
          Map.entry("copy", "\u00a9"),
          Map.entry("reg", "\u00ae"),
          Map.entry("raquo", "\u00bb"),
          Map.entry("laquo", "\u00ab"),
          Map.entry("hellip", "\u2026"),
          Map.entry("mdash", "\u2014"),
          Map.entry("ndash", "\u2013"),
          Map.entry("bull", "\u2022"),
          Map.entry("euro", "\u20ac"),
          Map.entry("middot", "\u00b7"),
          Map.entry("lsquo", "\u2018"),
          Map.entry("rsquo", "\u2019"),
          Map.entry("ldquo", "\u201c"),
          Map.entry("rdquo", "\u201d"),
          Map.entry("trade", "\u2122"),
          Map.entry("deg", "\u00b0"),
          Map.entry("times", "\u00d7"));

  private Html() {}

  static String unescape(String s, Runtime rt) {
    StringBuilder out = new StringBuilder(s.length());
    int i = 0;
    while (i < s.length()) {
      int end = s.charAt(i) == '&' ? end(s, i + 1) : -1;
      String by = end < 0 ? null : entity(s.substring(i + 1, end));
      if (by == null) {
        out.append(s.charAt(i++));
      } else {
        out.append(by);
        i = end < s.length() && s.charAt(end) == ';' ? end + 1 : end;
      }
    }
    return rt.made(out.toString());
  }

  private static int end(String s, int from) {
    int i = from;
    while (i < s.length()
        && i - from < 12
        && (Character.isLetterOrDigit(s.charAt(i)) || s.charAt(i) == '#')) {
      i++;
    }
    return i < s.length() && s.charAt(i) == ';' || (i > from && s.charAt(from) == '#') ? i : -1;
  }

  private static @org.jspecify.annotations.Nullable String entity(String name) {
    if (!name.startsWith("#")) {
      return ENTITIES.get(name);
    }
    boolean hex = name.startsWith("#x") || name.startsWith("#X");
    try {
      int c = Integer.parseInt(name.substring(hex ? 2 : 1), hex ? 16 : 10);
      return Character.isValidCodePoint(c) && c > 0 ? Character.toString(c) : "\ufffd";
    } catch (NumberFormatException e) {
      return null;
    }
  }

  /** {@code s} without tags and comments, with single spaces. */
  static String stripTags(String s, Runtime rt) {
    rt.work(s.length());
    StringBuilder out = new StringBuilder();
    int at = 0;
    int start;
    while ((start = s.indexOf('<', at)) >= 0) {
      boolean comment = s.startsWith("<!--", start);
      int end = comment ? s.indexOf("-->", start + 4) : s.indexOf('>', start);
      if (end < 0) {
        break;
      }
      out.append(s, at, start);
      at = end + (comment ? 3 : 1);
    }
    String text = out.append(s, at, s.length()).toString();
    return unescape(String.join(" ", Str.split(text, null, -1, rt)), rt);
  }
}
