package dev.peft4j.target;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * Reads a regular expression as Python 3.11's {@code re} does, with its errors: what Python does
 * not know is refused, whether or not Java knows it.
 */
final class RegexParser {
  static final int IGNORE_CASE = 1;
  static final int MULTILINE = 2;
  static final int DOT_ALL = 4;
  static final int VERBOSE = 8;
  static final int ASCII = 16;
  static final int UNICODE = 32;
  private static final String FLAGS = "imsxau";

  /** Python can read some more, which nobody writes. */
  private static final int MAX_DEPTH = 500;

  private static final int MAX_GROUPS = 10_000;
  private static final String BLANK = " \t\n\r\u000b\f";

  private final RegexReader in;
  private final Map<String, Integer> names = new HashMap<>();
  private final List<int @Nullable []> widths = new ArrayList<>();
  private int globalFlags;
  private int largestCondition;
  private int conditionAt;
  private int lookbehindGroups = -1;
  private boolean refers;
  private @Nullable String javaOnly;
  private int depth;

  RegexParser(String regex) {
    this.in = new RegexReader(regex);
    widths.add(null); // the whole expression
  }

  /** The whole expression. */
  RegexNode parse() {
    RegexNode all = choice(0);
    if (in.more()) {
      throw in.error("unbalanced parenthesis", in.at());
    }
    if (largestCondition >= widths.size()) {
      throw in.error("invalid group reference " + largestCondition, conditionAt);
    }
    return all;
  }

  /** How many groups there are, the whole match included. */
  int groups() {
    return widths.size();
  }

  Map<String, Integer> names() {
    return names;
  }

  /** Whether it refers to what its groups have matched. */
  boolean refers() {
    return refers;
  }

  /** What Java would read otherwise, as a sentence; or null. */
  @Nullable String javaOnly() {
    return javaOnly;
  }

  private RegexNode choice(int flags) {
    if (++depth > MAX_DEPTH) {
      throw in.error("nested more than " + MAX_DEPTH + " deep", in.at());
    }
    boolean outermost = depth == 1;
    List<RegexNode> items = new ArrayList<>();
    items.add(sequence(flags, outermost, outermost));
    while (in.take('|')) {
      items.add(sequence(flags, outermost, false));
    }
    depth--;
    return items.size() == 1 ? items.get(0) : RegexNode.Choice.of(items);
  }

  private RegexNode sequence(int outerFlags, boolean outermost, boolean first) {
    int flags = outermost ? globalFlags : outerFlags;
    List<RegexNode> items = new ArrayList<>();
    while (in.more() && in.peek() != '|' && in.peek() != ')') {
      int at = in.at();
      int c = in.next();
      if ((flags & VERBOSE) != 0 && skipped(c)) {
        continue;
      }
      switch (c) {
        case '\\':
          items.add(escape(at, flags));
          break;
        case '[':
          RegexClass set = new RegexClass(in, flags);
          items.add(new RegexNode.Char(set.read(at)));
          javaOnly = javaOnly == null ? set.javaOnly() : javaOnly;
          break;
        case '*':
        case '+':
        case '?':
        case '{':
          repeat(c, at, items, flags);
          break;
        case '.':
          items.add(
              new RegexNode.Char((flags & DOT_ALL) != 0 ? RegexChars.ANY : RegexChars.NOT_NEWLINE));
          break;
        case '^':
          items.add(at(flags, RegexNode.At.LINE_START, RegexNode.At.START));
          break;
        case '$':
          items.add(at(flags, RegexNode.At.LINE_END, RegexNode.At.LAST));
          break;
        case '(':
          RegexNode group = group(at, flags, first && items.isEmpty());
          if (group != null) {
            items.add(group);
          } else if (outermost) {
            flags = globalFlags;
          }
          break;
        default:
          items.add(literal(c, flags));
      }
    }
    return items.size() == 1 ? items.get(0) : RegexNode.Sequence.of(items);
  }

  private static RegexNode at(int flags, int inLines, int inAll) {
    return new RegexNode.At((flags & MULTILINE) != 0 ? inLines : inAll);
  }

  private boolean skipped(int c) {
    if (BLANK.indexOf(c) >= 0) {
      return true;
    }
    if (c != '#') {
      return false;
    }
    while (in.more() && in.next() != '\n') {
      // a comment
    }
    return true;
  }

  private static RegexNode literal(int c, int flags) {
    return new RegexNode.Char(RegexChars.of(c, (flags & IGNORE_CASE) != 0, (flags & ASCII) != 0));
  }

  // ---- repeats

  private void repeat(int c, int at, List<RegexNode> items, int flags) {
    int min = c == '+' ? 1 : 0;
    int max = c == '?' ? 1 : RegexNode.UNBOUNDED;
    if (c == '{') {
      int[] counts = in.counts(at);
      if (counts == null) {
        items.add(literal(c, flags));
        return;
      }
      min = counts[0];
      max = counts[1];
    }
    RegexNode item = items.isEmpty() ? null : items.get(items.size() - 1);
    if (item == null || item.isPosition()) {
      throw in.error("nothing to repeat: a dangling " + Character.toString(c), at);
    }
    if (item instanceof RegexNode.Repeat) {
      throw in.error("multiple repeat", at);
    }
    RegexNode.Mode mode =
        in.take('?')
            ? RegexNode.Mode.LAZY
            : in.take('+') ? RegexNode.Mode.POSSESSIVE : RegexNode.Mode.GREEDY;
    items.set(items.size() - 1, new RegexNode.Repeat(item, min, max, mode));
  }

  // ---- groups

  /** What a parenthesis opens; null if it is a comment or flags for the whole expression. */
  private @Nullable RegexNode group(int at, int flags, boolean first) {
    if (!in.take('?')) {
      return captured(at, null, flags);
    }
    int c = in.needed("unexpected end of pattern");
    switch (c) {
      case ':':
        return new RegexNode.Group(0, closed(at, flags));
      case '>':
        return new RegexNode.Atomic(closed(at, flags));
      case '=':
      case '!':
        return new RegexNode.Look(closed(at, flags), false, c == '!');
      case '<':
        return lookbehind(at, flags);
      case 'P':
        return python(at, flags);
      case '(':
        return condition(at, flags);
      case '#':
        while (in.needed("missing ), unterminated comment") != ')') {
          // a comment
        }
        return null;
      default:
        if (c == '-' || FLAGS.indexOf(c) >= 0 || c == 'L') {
          return flags(c, at, flags, first);
        }
        throw in.error("unknown extension ?" + Character.toString(c), at + 1);
    }
  }

  private RegexNode closed(int at, int flags) {
    RegexNode item = choice(flags);
    if (!in.take(')')) {
      throw in.error("missing ), unterminated subpattern: an unclosed group", at);
    }
    return item;
  }

  private RegexNode captured(int at, @Nullable String name, int flags) {
    int number = widths.size();
    if (number == MAX_GROUPS) {
      throw in.error("more than " + MAX_GROUPS + " groups", at);
    }
    widths.add(null);
    if (name != null && names.putIfAbsent(name, number) != null) {
      throw in.error("redefinition of group name '" + name + "'", at);
    }
    RegexNode item = closed(at, flags);
    widths.set(number, new int[] {item.least(), item.most()});
    return new RegexNode.Group(number, item);
  }

  private RegexNode python(int at, int flags) {
    if (in.take('<')) {
      return captured(at, in.name('>'), flags);
    }
    if (in.take('=')) {
      int from = in.at();
      String name = in.name(')');
      return reference(named(name, from), from, flags);
    }
    int c = in.needed("unexpected end of pattern");
    throw in.error("unknown extension ?P" + Character.toString(c), at + 1);
  }

  private int named(String name, int at) {
    Integer number = names.get(name);
    if (number == null) {
      throw in.error("unknown group name '" + name + "'", at);
    }
    return number;
  }

  private RegexNode reference(int group, int at, int flags) {
    int[] width = group < widths.size() ? widths.get(group) : null;
    if (group >= widths.size()) {
      throw in.error("invalid group reference " + group, at);
    }
    if (width == null) {
      throw in.error("cannot refer to an open group", at);
    }
    checkLookbehind(group, at);
    refers = true;
    return new RegexNode.Reference(group, (flags & IGNORE_CASE) != 0, width[0], width[1]);
  }

  private void checkLookbehind(int group, int at) {
    if (lookbehindGroups >= 0 && group >= lookbehindGroups) {
      throw in.error("cannot refer to group defined in the same lookbehind subpattern", at);
    }
  }

  private RegexNode lookbehind(int at, int flags) {
    int c = in.needed("unexpected end of pattern");
    if (c != '=' && c != '!') {
      throw in.error("unknown extension ?<" + Character.toString(c), at + 1);
    }
    int before = lookbehindGroups;
    if (before < 0) {
      lookbehindGroups = widths.size();
    }
    RegexNode item = closed(at, flags);
    lookbehindGroups = before;
    if (item.least() != item.most()) {
      throw in.error("look-behind requires fixed-width pattern", at);
    }
    return new RegexNode.Look(item, true, c == '!');
  }

  private RegexNode condition(int at, int flags) {
    int from = in.at();
    String name = in.until(')');
    int group;
    if (RegexReader.isName(name)) {
      group = named(name, from);
    } else {
      group = RegexReader.number(name);
      if (group <= 0 || group >= MAX_GROUPS) {
        throw in.error("bad group number or name '" + name + "'", from);
      }
      if (group > largestCondition) {
        largestCondition = group;
        conditionAt = from;
      }
    }
    checkLookbehind(group, from);
    refers = true;
    depth++;
    RegexNode yes = sequence(flags, false, false);
    RegexNode no = in.take('|') ? sequence(flags, false, false) : null;
    depth--;
    if (in.more() && in.peek() == '|') {
      throw in.error("conditional backref with more than two branches", in.at());
    }
    if (!in.take(')')) {
      throw in.error("missing ), unterminated subpattern: an unclosed group", at);
    }
    return new RegexNode.Condition(group, yes, no);
  }

  // ---- flags

  private @Nullable RegexNode flags(int start, int at, int flags, boolean first) {
    int on = 0;
    int c = start;
    while (c != '-' && c != ')' && c != ':') {
      on |= flag(c, at);
      c = in.needed("missing -, : or )");
    }
    if ((on & ASCII) != 0 && (on & UNICODE) != 0) {
      throw in.error("bad inline flags: flags 'a', 'u' and 'L' are incompatible", at);
    }
    if (c == ')') {
      if (!first) {
        throw in.error("global flags not at the start of the expression", at);
      }
      globalFlags |= on;
      return null;
    }
    int off = 0;
    if (c == '-') {
      c = in.needed("missing flag");
      if (c == ':') {
        throw in.error("missing flag", at);
      }
      while (c != ':') {
        int flag = flag(c, at);
        if (flag == ASCII || flag == UNICODE) {
          throw in.error("bad inline flags: cannot turn off flags 'a', 'u' and 'L'", at);
        }
        off |= flag;
        c = in.needed("missing :");
      }
    }
    if ((on & off) != 0) {
      throw in.error("bad inline flags: flag turned on and off", at);
    }
    int kept = (on & (ASCII | UNICODE)) != 0 ? flags & ~(ASCII | UNICODE) : flags;
    return new RegexNode.Group(0, closed(at, (kept | on) & ~off));
  }

  private int flag(int c, int at) {
    if (c == 'L') {
      throw in.error("bad inline flags: cannot use 'L' flag with a str pattern", at);
    }
    int index = FLAGS.indexOf(c);
    if (index < 0) {
      throw in.error("unknown flag", at);
    }
    return 1 << index;
  }

  // ---- escapes

  private RegexNode escape(int at, int flags) {
    int c = in.needed("bad escape (end of pattern)");
    boolean ascii = (flags & ASCII) != 0;
    switch (c) {
      case 'A':
        return new RegexNode.At(RegexNode.At.START);
      case 'Z':
        return new RegexNode.At(RegexNode.At.END);
      case 'b':
        return new RegexNode.At(ascii ? RegexNode.At.ASCII_BOUNDARY : RegexNode.At.BOUNDARY);
      case 'B':
        return new RegexNode.At(ascii ? RegexNode.At.NO_ASCII_BOUNDARY : RegexNode.At.NO_BOUNDARY);
      case 'd':
      case 'D':
      case 's':
      case 'S':
      case 'w':
      case 'W':
        return new RegexNode.Char(
            RegexChars.of(
                List.of(), List.of(new RegexChars.Category((char) c, ascii)), false, false, ascii));
      case '0':
        return literal(in.octal(2, 0), flags);
      default:
        break;
    }
    if (c < '1' || c > '9') {
      return literal(in.escaped(c, at), flags);
    }
    int number = c - '0';
    if (in.more() && in.peek() >= '0' && in.peek() <= '9') {
      int second = in.next() - '0';
      boolean octal = number < 8 && second < 8 && in.more() && in.peek() >= '0' && in.peek() < '8';
      if (octal) {
        int value = 64 * number + 8 * second + in.next() - '0';
        if (value > 255) {
          throw in.error("octal escape value outside of range 0-0o377", at);
        }
        return literal(value, flags);
      }
      number = 10 * number + second;
    }
    return reference(number, at, flags);
  }

  /** Not thrown: what a caller makes of running out of stack. */
  static PatternSyntaxException tooDeep(String regex) {
    return new PatternSyntaxException("nested too deeply", RegexReader.shortened(regex), -1);
  }
}
