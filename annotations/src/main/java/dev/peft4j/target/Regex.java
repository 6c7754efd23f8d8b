package dev.peft4j.target;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Regular expressions as Python writes them, since peft's configurations are: named groups {@code
 * (?P<n>..)} and {@code (?P=n)}, {@code \Z}, {@code {,n}}, brackets that stand for themselves
 * inside a class, letters and digits of every script. The rest is the same in both languages.
 */
final class Regex {
  private Regex() {}

  /** Compiles; throws {@link PatternSyntaxException} with the position in the Java form. */
  static Pattern compile(String python) {
    try {
      return Pattern.compile(toJava(python), Pattern.UNICODE_CHARACTER_CLASS);
    } catch (StackOverflowError e) {
      throw new PatternSyntaxException("Nested too deeply", python.substring(0, 20) + "...", 0);
    }
  }

  /**
   * A matcher that gives up on expressions that try too many ways through a path: it throws an
   * {@link IllegalArgumentException}.
   */
  static Matcher matcher(Pattern pattern, String path) {
    return pattern.matcher(new Bounded(path, pattern));
  }

  /** A path whose characters may be looked at only so often. */
  private static final class Bounded implements CharSequence {
    private static final int MOST = 2_000_000;

    private final String path;
    private final Pattern pattern;
    private int looks;

    Bounded(String path, Pattern pattern) {
      this.path = path;
      this.pattern = pattern;
    }

    @Override
    public char charAt(int index) {
      if (++looks > MOST) {
        throw new IllegalArgumentException(
            "the regular expression '"
                + pattern
                + "' takes too long for '"
                + path
                + "': it can match in too many ways; use fewer .* in it");
      }
      return path.charAt(index);
    }

    @Override
    public int length() {
      return path.length();
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return path.substring(start, end);
    }

    @Override
    public String toString() {
      return path;
    }
  }

  static String toJava(String python) {
    var out = new StringBuilder(python.length() + 8);
    boolean inClass = false;
    for (int i = 0; i < python.length(); i++) {
      char c = python.charAt(i);
      if (c == '\\' && i + 1 < python.length()) {
        char next = python.charAt(++i);
        out.append('\\').append(next == 'Z' ? 'z' : next);
      } else if (inClass) {
        inClass = c != ']';
        // Java reads an inner bracket as a union and && as an intersection
        out.append(c == '[' || c == '&' ? "\\" + c : String.valueOf(c));
      } else if (c == '[') {
        inClass = true;
        out.append(c);
        if (i + 1 < python.length() && python.charAt(i + 1) == '^') {
          out.append(python.charAt(++i));
        }
        if (i + 1 < python.length() && python.charAt(i + 1) == ']') {
          out.append('\\').append(python.charAt(++i));
        }
      } else if (python.startsWith("(?P<", i)) {
        int end = python.indexOf('>', i);
        out.append("(?<").append(groupName(python, i + 4, end)).append('>');
        i = end;
      } else if (python.startsWith("(?P=", i)) {
        int end = python.indexOf(')', i);
        out.append("\\k<").append(groupName(python, i + 4, end)).append('>');
        i = end;
      } else if (python.startsWith("{,", i)) {
        out.append("{0,");
        i++;
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }

  /** Java's names of groups have no underscores. */
  private static String groupName(String python, int from, int end) {
    if (end < 0) {
      throw new PatternSyntaxException("Unclosed group name", python, from);
    }
    String name = python.substring(from, end).replace("_", "U95");
    if (name.isEmpty()) {
      throw new PatternSyntaxException("Missing group name", python, from);
    }
    return name;
  }
}
