package dev.peft4j.chat.jinja;

/**
 * Text that was marked as HTML (by {@code safe}, {@code escape}): plain text that is joined to it
 * is escaped.
 */
record Markup(String text) {
  static String escape(Object value, Runtime rt) {
    if (value instanceof Markup m) {
      return m.text;
    }
    String s = Repr.str(value, rt);
    StringBuilder b = null;
    for (int i = 0; i < s.length(); i++) {
      String r =
          switch (s.charAt(i)) {
            case '&' -> "&amp;";
            case '<' -> "&lt;";
            case '>' -> "&gt;";
            case '\'' -> "&#39;";
            case '"' -> "&#34;";
            default -> null;
          };
      if (r != null && b == null) {
        b = new StringBuilder(s.length() + 16).append(s, 0, i);
      }
      if (b != null) {
        if (r == null) {
          b.append(s.charAt(i));
        } else {
          b.append(r);
        }
      }
    }
    return b == null ? s : rt.made(b.toString());
  }
}
