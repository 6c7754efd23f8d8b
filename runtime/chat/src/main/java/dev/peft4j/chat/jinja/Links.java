package dev.peft4j.chat.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The filter {@code urlize}: addresses in a text become links of HTML. */
final class Links {
  private static final Set<String> PLAIN_ENDINGS =
      Set.of("com", "net", "int", "edu", "gov", "org", "info", "mil");

  private static final Pattern IPV6 =
      Pattern.compile("\\[(?:[\\p{Nd}a-fA-F]{0,4}:){2}(?:[\\p{Nd}a-fA-F]{0,4}:?){1,6}]");

  private static final Pattern SCHEME = Pattern.compile("[^\\s:/]{2,}:/{0,2}");

  private final @Nullable Integer limit;
  private final String attributes;
  private final String[] schemes;

  private Links(@Nullable Integer limit, String attributes, String[] schemes) {
    this.limit = limit;
    this.attributes = attributes;
    this.schemes = schemes;
  }

  /** Applies the filter; its parameters are those of jinja2 in their order. */
  static Object apply(Object value, @Nullable Object[] a, Runtime rt) {
    Object limit = Filters.orNull(a[1]);
    Object given = Filters.orNull(a[4]);
    TreeSet<String> rel = new TreeSet<>(Set.of("noopener"));
    if (given != null && Types.truth(given)) {
      rel.addAll(Set.of(Repr.str(given, rt).strip().split("\\s+")));
    }
    if (Filters.flag(a[2])) {
      rel.add("nofollow");
    }
    Object target = Filters.orNull(a[3]);
    String attributes = " rel=\"" + Markup.escape(String.join(" ", rel), rt) + "\"";
    if (target != null && Types.truth(target)) {
      attributes += " target=\"" + Markup.escape(target, rt) + "\"";
    }
    Links links =
        new Links(limit == null ? null : Types.index(limit), attributes, schemes(a[5], rt));
    return links.of(Markup.escape(value, rt), rt);
  }

  private static String[] schemes(@Nullable Object given, Runtime rt) {
    Object all = Filters.orNull(given);
    if (all == null) {
      return new String[0];
    }
    List<String> out = new ArrayList<>();
    for (Iterator<Object> i = Iters.iterate(all); i.hasNext(); ) {
      rt.step();
      String scheme = Repr.str(i.next(), rt);
      String name = scheme.replaceFirst(":/{0,2}$", "");
      boolean named =
          name.codePoints().allMatch(c -> isWord(c) || c == '.' || c == '+' || c == '-');
      if (!named || !SCHEME.matcher(scheme).matches()) {
        throw Filters.argument(Repr.quote(scheme) + " is not a valid URI scheme prefix.");
      }
      out.add(scheme);
    }
    return out.toArray(new String[0]);
  }

  private String of(String text, Runtime rt) {
    StringBuilder out = new StringBuilder(text.length());
    for (int at = 0; at < text.length(); ) {
      boolean space = CharKinds.space(text.charAt(at));
      int end = at;
      while (end < text.length() && CharKinds.space(text.charAt(end)) == space) {
        end++;
      }
      rt.work(end - at);
      String word = text.substring(at, end);
      out.append(space ? word : rt.made(word(word)));
      at = end;
    }
    return rt.made(out.toString());
  }

  /** A word without the brackets and marks around it, which stay outside of the link. */
  private String word(String word) {
    int from = 0;
    while (from < word.length()) {
      int n = word.startsWith("&lt;", from) ? 4 : "(<".indexOf(word.charAt(from)) >= 0 ? 1 : 0;
      if (n == 0) {
        break;
      }
      from += n;
    }
    int to = word.length();
    while (to > from) {
      boolean entity = to - from >= 4 && word.startsWith("&gt;", to - 4);
      if (!entity && ")>.,\n".indexOf(word.charAt(to - 1)) < 0) {
        break;
      }
      to -= entity ? 4 : 1;
    }
    String middle = word.substring(from, to);
    String tail = word.substring(to);
    String[][] pairs = {{"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}};
    for (String[] pair : pairs) {
      int open = count(middle, pair[0]);
      if (open <= count(middle, pair[1])) {
        continue;
      }
      for (int moved = Math.min(open, count(tail, pair[1])); moved > 0; moved--) {
        int end = tail.indexOf(pair[1]) + pair[1].length();
        middle += tail.substring(0, end);
        tail = tail.substring(end);
      }
    }
    return word.substring(0, from) + linked(middle) + tail;
  }

  private static int count(String text, String part) {
    int n = 0;
    for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
      n++;
    }
    return n;
  }

  private String linked(String word) {
    if (isWeb(word)) {
      boolean whole = word.startsWith("https://") || word.startsWith("http://");
      return link(whole ? word : "https://" + word, attributes, trimmed(word));
    }
    if (word.startsWith("mailto:") && isMail(word.substring(7))) {
      return link(word, "", word.substring(7));
    }
    boolean mail = word.indexOf('@') > 0 && !word.startsWith("www.") && word.indexOf(':') < 0;
    if (mail && isMail(word)) {
      return link("mailto:" + word, "", word);
    }
    String out = word;
    for (String scheme : schemes) {
      if (!out.equals(scheme) && out.startsWith(scheme)) {
        out = link(out, attributes, out);
      }
    }
    return out;
  }

  private static String link(String to, String attributes, String shown) {
    return "<a href=\"" + to + "\"" + attributes + ">" + shown + "</a>";
  }

  private String trimmed(String shown) {
    Integer most = limit;
    int length = Str.length(shown);
    if (most == null || length <= most) {
      return shown;
    }
    int kept = most < 0 ? Math.max(0, length + most) : most; // as a slice in Python
    return Str.slice(shown, 0, kept, 1) + "...";
  }

  /** A name of two parts or more, or an address of numbers; then a port, and a path. */
  private static boolean isWeb(String word) {
    int scheme = scheme(word);
    boolean www = word.regionMatches(true, 0, "www.", 0, 4);
    if (scheme > 0 || www) {
      if (isHost(word, scheme > 0 ? scheme : 4, false)) {
        return true;
      }
    }
    if (isHost(word, 0, true)) {
      return true;
    }
    if (scheme == 0) {
      return false;
    }
    int numbers = ipv4(word, scheme);
    var six = IPV6.matcher(word).region(scheme, word.length());
    return numbers > 0 && isRest(word, numbers) || six.lookingAt() && isRest(word, six.end());
  }

  private static int scheme(String word) {
    return word.regionMatches(true, 0, "http://", 0, 7)
        ? 7
        : word.regionMatches(true, 0, "https://", 0, 8) ? 8 : 0;
  }

  /**
   * Whether a name of a host is there and what may follow one.
   *
   * @param plain whether there is no scheme: the name has two parts, and a usual ending
   */
  private static boolean isHost(String word, int from, boolean plain) {
    int last = from; // where the part begins that no point follows
    int at = from;
    boolean parts = true;
    for (; at < word.length(); at += Character.charCount(word.codePointAt(at))) {
      int c = word.codePointAt(at);
      if (c == '.') {
        int length = word.codePointCount(last, at);
        parts &= plain ? length >= 2 && length <= 63 : length >= 1;
        last = at + 1;
      } else if (!isWord(c) && c != '%' && c != '-') {
        break;
      }
    }
    String ending = word.substring(last, at);
    boolean fits =
        plain
            ? last > from && PLAIN_ENDINGS.contains(ending.toLowerCase(Locale.ROOT))
            : isEnding(ending);
    return parts && fits && isRest(word, at);
  }

  private static boolean isEnding(String s) {
    int n = s.codePointCount(0, s.length());
    if (n >= 2 && n <= 63 && s.codePoints().allMatch(Links::isLetter)) {
      return true;
    }
    boolean international = s.regionMatches(true, 0, "xn--", 0, 4);
    return international
        && n >= 6
        && n <= 63
        && s.substring(4).codePoints().allMatch(c -> isWord(c) || c == '%');
  }

  /** A letter of ASCII, or one that is such a letter in the other case. */
  private static boolean isLetter(int c) {
    return c >= 'a' && c <= 'z'
        || c >= 'A' && c <= 'Z'
        || c == 0x130
        || c == 0x131
        || c == 0x17F
        || c == 0x212A;
  }

  /** Where four numbers end; 0 if they are not there. */
  private static int ipv4(String word, int from) {
    int at = from;
    for (int part = 0; part < 4; part++) {
      if (part > 0) {
        if (at >= word.length() || word.charAt(at) != '.') {
          return 0;
        }
        at++;
      }
      int end = digits(word, at, 3);
      if (end == at) {
        return 0;
      }
      at = end;
    }
    return at;
  }

  private static int digits(String word, int from, int most) {
    int at = from;
    for (int n = 0; n < most && at < word.length(); n++) {
      int c = word.codePointAt(at);
      if (Character.getType(c) != Character.DECIMAL_DIGIT_NUMBER) {
        break;
      }
      at += Character.charCount(c);
    }
    return at;
  }

  /** Whether a port and a path, or nothing, is there. */
  private static boolean isRest(String word, int from) {
    int at = from;
    if (at < word.length() && word.charAt(at) == ':') {
      at = digits(word, at + 1, 5);
      if (at == from + 1) {
        return false;
      }
    }
    return at == word.length() || "/?#".indexOf(word.charAt(at)) >= 0;
  }

  private static boolean isMail(String word) {
    int at = word.lastIndexOf('@');
    int point = word.lastIndexOf('.');
    if (at < 1 || point < at + 2 || point == word.length() - 1) {
      return false;
    }
    String host = word.substring(at + 1, point);
    return isWord(host.codePointAt(0))
        && host.codePoints().allMatch(c -> isWord(c) || c == '.' || c == '-')
        && word.substring(point + 1).codePoints().allMatch(Links::isWord);
  }

  /** What is a character of words in Python's patterns. */
  private static boolean isWord(int c) {
    return c == '_' || CharKinds.alpha(c) || CharKinds.numeric(c);
  }
}
