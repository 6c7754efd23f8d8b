package dev.peft4j.chat.jinja;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The methods of str. */
final class StrMethods {
  /** A method of a text. */
  interface Method {
    Object call(String self, Args args, Runtime rt);
  }

  private static final Map<String, Method> ALL = new HashMap<>();

  private StrMethods() {}

  static @Nullable Method get(String name) {
    return ALL.get(name);
  }

  static {
    ALL.put("upper", (s, a, rt) -> none(a, "upper", Str.upper(s)));
    ALL.put("lower", (s, a, rt) -> none(a, "lower", Str.lower(s)));
    ALL.put("capitalize", (s, a, rt) -> none(a, "capitalize", Str.capitalize(s)));
    ALL.put("title", (s, a, rt) -> none(a, "title", Str.title(s)));
    ALL.put("swapcase", (s, a, rt) -> none(a, "swapcase", Str.swapCase(s)));
    ALL.put("casefold", (s, a, rt) -> none(a, "casefold", Str.caseFold(s)));
    ALL.put("strip", (s, a, rt) -> Str.strip(s, characters(a, "strip"), true, true));
    ALL.put("lstrip", (s, a, rt) -> Str.strip(s, characters(a, "lstrip"), true, false));
    ALL.put("rstrip", (s, a, rt) -> Str.strip(s, characters(a, "rstrip"), false, true));
    ALL.put("replace", StrMethods::replace);
    ALL.put("split", (s, a, rt) -> split(s, a, rt, false));
    ALL.put("rsplit", (s, a, rt) -> split(s, a, rt, true));
    ALL.put("splitlines", StrMethods::splitLines);
    ALL.put("partition", (s, a, rt) -> partition(s, a, rt, false));
    ALL.put("rpartition", (s, a, rt) -> partition(s, a, rt, true));
    ALL.put("join", StrMethods::join);
    ALL.put("startswith", (s, a, rt) -> affix("startswith", s, a, true));
    ALL.put("endswith", (s, a, rt) -> affix("endswith", s, a, false));
    ALL.put(
        "removeprefix",
        (s, a, rt) -> {
          String p = text("removeprefix", one(a, "removeprefix"));
          return s.startsWith(p) ? s.substring(p.length()) : s;
        });
    ALL.put(
        "removesuffix",
        (s, a, rt) -> {
          String p = text("removesuffix", one(a, "removesuffix"));
          return s.endsWith(p) ? s.substring(0, s.length() - p.length()) : s;
        });
    ALL.put("find", (s, a, rt) -> find("find", s, a, rt, false));
    ALL.put("rfind", (s, a, rt) -> find("rfind", s, a, rt, true));
    ALL.put("index", (s, a, rt) -> found(find("index", s, a, rt, false)));
    ALL.put("rindex", (s, a, rt) -> found(find("rindex", s, a, rt, true)));
    ALL.put("count", StrMethods::count);
    ALL.put("zfill", StrMethods::zeroFill);
    ALL.put("center", (s, a, rt) -> pad("center", s, a, Str.Align.CENTER, rt));
    ALL.put("ljust", (s, a, rt) -> pad("ljust", s, a, Str.Align.LEFT, rt));
    ALL.put("rjust", (s, a, rt) -> pad("rjust", s, a, Str.Align.RIGHT, rt));
    ALL.put("expandtabs", StrMethods::expandTabs);
    ALL.put("encode", StrMethods::encode);
    ALL.put("format", (s, a, rt) -> Format.format(s, a, rt));
    ALL.put("format_map", (s, a, rt) -> Format.formatMap(s, one(a, "format_map"), rt));
    ALL.put("isdigit", (s, a, rt) -> TextKinds.all(s, CharKinds::digit));
    ALL.put("isdecimal", (s, a, rt) -> TextKinds.all(s, CharKinds::decimal));
    ALL.put("isnumeric", (s, a, rt) -> TextKinds.all(s, CharKinds::numeric));
    ALL.put("isalpha", (s, a, rt) -> TextKinds.all(s, CharKinds::alpha));
    ALL.put(
        "isalnum", (s, a, rt) -> TextKinds.all(s, c -> CharKinds.alpha(c) || CharKinds.numeric(c)));
    ALL.put("isspace", (s, a, rt) -> TextKinds.all(s, CharKinds::space));
    ALL.put("isascii", (s, a, rt) -> s.chars().allMatch(c -> c < 128));
    ALL.put("isprintable", (s, a, rt) -> s.codePoints().allMatch(CharKinds::printable));
    ALL.put("islower", (s, a, rt) -> TextKinds.isLower(s));
    ALL.put("isupper", (s, a, rt) -> TextKinds.isUpper(s));
    ALL.put("istitle", (s, a, rt) -> TextKinds.isTitle(s));
    ALL.put("isidentifier", (s, a, rt) -> TextKinds.isIdentifier(s));
    ALL.put("translate", StrMethods::translate);
  }

  static String none(Args a, String name, String result) {
    if (!a.positional().isEmpty() || !a.named().isEmpty()) {
      throw JinjaException.type(
          "str." + name + "() takes no arguments (" + a.positional().size() + " given)");
    }
    return result;
  }

  private static Object one(Args a, String name) {
    if (a.positional().size() != 1 || !a.named().isEmpty()) {
      throw JinjaException.type(
          "str." + name + "() takes exactly one argument (" + a.positional().size() + " given)");
    }
    return a.positional().getFirst();
  }

  private static void positionalOnly(String name, Args a, int least, int most) {
    if (!a.named().isEmpty()) {
      throw JinjaException.type("str." + name + "() takes no keyword arguments");
    }
    if (a.positional().size() < least) {
      throw JinjaException.type(
          name
              + " expected at least "
              + least
              + " argument"
              + (least == 1 ? "" : "s")
              + ", got "
              + a.positional().size());
    }
    if (a.positional().size() > most) {
      throw JinjaException.type(
          name
              + " expected at most "
              + most
              + " argument"
              + (most == 1 ? "" : "s")
              + ", got "
              + a.positional().size());
    }
  }

  private static String text(String name, Object value) {
    if (!Types.isText(value)) {
      throw JinjaException.type(name + "() argument must be str, not " + Types.name(value));
    }
    return Types.text(value);
  }

  private static @Nullable String characters(Args a, String name) {
    positionalOnly(name, a, 0, 1);
    if (a.positional().isEmpty() || a.positional().getFirst() == None.NONE) {
      return null;
    }
    Object c = a.positional().getFirst();
    if (!Types.isText(c)) {
      throw JinjaException.type(name + " arg must be None or str");
    }
    return Types.text(c);
  }

  private static Object replace(String s, Args a, Runtime rt) {
    positionalOnly("replace", a, 2, 3);
    List<Object> p = a.positional();
    for (int i = 0; i < 2; i++) {
      if (!Types.isText(p.get(i))) {
        throw JinjaException.type(
            "replace() argument " + (i + 1) + " must be str, not " + Types.name(p.get(i)));
      }
    }
    return Str.replace(
        s,
        Types.text(p.get(0)),
        Types.text(p.get(1)),
        p.size() > 2 ? Types.index(p.get(2)) : -1,
        rt);
  }

  private static Object split(String s, Args a, Runtime rt, boolean right) {
    @Nullable Object[] v = a.bind(right ? "rsplit" : "split", 0, "sep", "maxsplit");
    Object by = v[0] == null ? None.NONE : v[0];
    if (by != None.NONE && !Types.isText(by)) {
      throw JinjaException.type("must be str or None, not " + Types.name(by));
    }
    String separator = by == None.NONE ? null : Types.text(by);
    int max = v[1] == null ? -1 : Types.index(v[1]);
    rt.work(s.length());
    return list(
        right ? Str.splitFromRight(s, separator, max, rt) : Str.split(s, separator, max, rt));
  }

  static PyList list(List<String> parts) {
    return new PyList(new ArrayList<>(parts));
  }

  private static Object splitLines(String s, Args a, Runtime rt) {
    @Nullable Object[] v = a.bind("splitlines", 0, "keepends");
    rt.work(s.length());
    return list(Str.lines(s, v[0] != null && Types.truth(v[0]), rt));
  }

  private static Object partition(String s, Args a, Runtime rt, boolean right) {
    Object by = one(a, right ? "rpartition" : "partition");
    if (!Types.isText(by)) {
      throw JinjaException.type("must be str, not " + Types.name(by));
    }
    String p = Types.text(by);
    if (p.isEmpty()) {
      throw JinjaException.value("empty separator");
    }
    int i = right ? last(s, p, s.length(), rt) : Str.find(s, p, rt);
    if (i < 0) {
      return right ? PyTuple.of("", "", s) : PyTuple.of(s, "", "");
    }
    return PyTuple.of(s.substring(0, i), p, s.substring(i + p.length()));
  }

  private static int last(String s, String part, int end, Runtime rt) {
    String in = s.substring(0, end);
    int i = new Finder(Str.reverse(in), Str.reverse(part), rt).next(0);
    return i < 0 ? -1 : in.length() - i - part.length();
  }

  private static Object join(String s, Args a, Runtime rt) {
    Object items = one(a, "join");
    var i = Iters.tryIterate(items);
    if (i == null) {
      throw JinjaException.type("can only join an iterable");
    }
    StringBuilder out = new StringBuilder();
    for (int n = 0; i.hasNext(); n++) {
      Object o = i.next();
      if (!Types.isText(o)) {
        throw JinjaException.type(
            "sequence item " + n + ": expected str instance, " + Types.name(o) + " found");
      }
      rt.reserve(Types.text(o).length() + (long) s.length());
      out.append(n == 0 ? "" : s).append(Types.text(o));
    }
    return out.toString();
  }

  /**
   * The part of {@code s} that the arguments {@code start} and {@code end} leave, as chars: start,
   * end.
   */
  private static int[] range(String s, Args a, int from) {
    List<Object> p = a.positional();
    int n = Str.length(s);
    int start = p.size() > from && p.get(from) != None.NONE ? Types.index(p.get(from)) : 0;
    int end =
        p.size() > from + 1 && p.get(from + 1) != None.NONE ? Types.index(p.get(from + 1)) : n;
    start = start < 0 ? Math.max(0, start + n) : start;
    end = end < 0 ? Math.max(0, end + n) : Math.min(n, end);
    if (start > end || start > n) {
      return new int[] {-1, -1};
    }
    return new int[] {s.offsetByCodePoints(0, start), s.offsetByCodePoints(0, end)};
  }

  private static Object affix(String name, String s, Args a, boolean prefix) {
    positionalOnly(name, a, 1, 3);
    Object what = a.positional().getFirst();
    int[] range = range(s, a, 1);
    List<Object> choices = what instanceof PyTuple t ? t.items : List.of(what);
    for (Object c : choices) {
      if (!Types.isText(c)) {
        throw JinjaException.type(
            what instanceof PyTuple
                ? "tuple for " + name + " must only contain str, not " + Types.name(c)
                : name + " first arg must be str or a tuple of str, not " + Types.name(c));
      }
      if (range[0] >= 0) {
        String part = s.substring(range[0], range[1]);
        if (prefix ? part.startsWith(Types.text(c)) : part.endsWith(Types.text(c))) {
          return true;
        }
      }
    }
    return false;
  }

  private static long find(String name, String s, Args a, Runtime rt, boolean right) {
    positionalOnly(name, a, 1, 3);
    Object what = a.positional().getFirst();
    if (!Types.isText(what)) {
      throw JinjaException.type("must be str, not " + Types.name(what));
    }
    int[] range = range(s, a, 1);
    if (range[0] < 0) {
      return -1;
    }
    String in = s.substring(range[0], range[1]);
    int i =
        right ? last(in, Types.text(what), in.length(), rt) : Str.find(in, Types.text(what), rt);
    return i < 0 ? -1 : s.codePointCount(0, range[0] + i);
  }

  private static long found(long at) {
    if (at < 0) {
      throw JinjaException.value("substring not found");
    }
    return at;
  }

  private static Object count(String s, Args a, Runtime rt) {
    positionalOnly("count", a, 1, 3);
    Object what = a.positional().getFirst();
    if (!Types.isText(what)) {
      throw JinjaException.type("must be str, not " + Types.name(what));
    }
    int[] range = range(s, a, 1);
    if (range[0] < 0) {
      return 0L;
    }
    String in = s.substring(range[0], range[1]);
    String part = Types.text(what);
    if (part.isEmpty()) {
      return Str.length(in) + 1L;
    }
    Finder finder = new Finder(in, part, rt);
    long n = 0;
    for (int i = finder.next(0); i >= 0; i = finder.next(i + part.length())) {
      n++;
    }
    return n;
  }

  private static Object zeroFill(String s, Args a, Runtime rt) {
    int width = Types.index(one(a, "zfill"));
    boolean sign = s.startsWith("-") || s.startsWith("+");
    String digits = sign ? s.substring(1) : s;
    return (sign ? s.substring(0, 1) : "")
        + Str.pad(digits, sign ? width - 1 : width, "0", Str.Align.RIGHT, rt);
  }

  private static Object pad(String name, String s, Args a, Str.Align align, Runtime rt) {
    positionalOnly(name, a, 1, 2);
    String fill = " ";
    if (a.positional().size() > 1) {
      Object f = a.positional().get(1);
      if (!Types.isText(f)) {
        throw JinjaException.type(
            "The fill character must be a unicode character, not " + Types.name(f));
      }
      fill = Types.text(f);
      if (Str.length(fill) != 1) {
        throw JinjaException.type("The fill character must be exactly one character long");
      }
    }
    return Str.pad(s, Types.index(a.positional().getFirst()), fill, align, rt);
  }

  private static Object expandTabs(String s, Args a, Runtime rt) {
    @Nullable Object[] v = a.bind("expandtabs", 0, "tabsize");
    int size = v[0] == null ? 8 : Types.index(v[0]);
    StringBuilder out = new StringBuilder();
    int column = 0;
    int c;
    for (int i = 0; i < s.length(); i += Character.charCount(c)) {
      c = s.codePointAt(i);
      if (c == '\t') {
        int n = size <= 0 ? 0 : size - column % size;
        rt.reserve(n);
        out.repeat(' ', n);
        column += n;
      } else {
        out.appendCodePoint(c);
        column = c == '\n' || c == '\r' ? 0 : column + 1;
      }
    }
    return rt.made(out.toString());
  }

  private static Object encode(String s, Args a, Runtime rt) {
    @Nullable Object[] v = a.bind("encode", 0, "encoding", "errors");
    String name = v[0] == null ? "utf-8" : text("encode", v[0]);
    rt.reserve(s.length());
    return new PyBytes(s.getBytes(charset(name)));
  }

  static Charset charset(String name) {
    return switch (name.toLowerCase(Locale.ROOT).replace('_', '-')) {
      case "utf-8", "utf8" -> StandardCharsets.UTF_8;
      case "ascii", "us-ascii" -> StandardCharsets.US_ASCII;
      case "latin-1", "latin1", "iso-8859-1" -> StandardCharsets.ISO_8859_1;
      case "utf-16-le", "utf-16le" -> StandardCharsets.UTF_16LE;
      case "utf-16-be", "utf-16be" -> StandardCharsets.UTF_16BE;
      default -> throw new JinjaException("LookupError", "unknown encoding: " + name);
    };
  }

  private static Object translate(String s, Args a, Runtime rt) {
    Object table = one(a, "translate");
    if (!(table instanceof PyDict d)) {
      return s;
    }
    StringBuilder out = new StringBuilder();
    s.codePoints()
        .forEach(
            c -> {
              Object to = d.get((long) c);
              String by =
                  to == null
                      ? Character.toString(c)
                      : to == None.NONE
                          ? ""
                          : to instanceof Long n
                              ? Character.toString((int) Math.clamp(n, 0, Character.MAX_CODE_POINT))
                              : Repr.str(to, rt);
              rt.reserve(by.length());
              out.append(by);
            });
    return out.toString();
  }
}
