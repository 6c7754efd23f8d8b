package dev.peft4j.chat.jinja;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Filters about text. */
final class TextFilters {
  private TextFilters() {}

  static void register() {
    simple("upper", Str::upper);
    simple("lower", Str::lower);
    simple("capitalize", Str::capitalize);
    simple("title", TextFilters::title);
    Filters.add(
        "trim",
        1,
        (v, a, rt) -> {
          Object chars = Filters.orNull(a[1]);
          if (chars != null && !Types.isText(chars)) {
            throw JinjaException.type("strip arg must be None or str");
          }
          return alike(
              v, Str.strip(soft(v, rt), chars == null ? null : Types.text(chars), true, true));
        },
        "value",
        "chars");
    Filters.add("string", 1, (v, a, rt) -> Types.isText(v) ? v : Repr.str(v, rt), "s");
    Filters.add("replace", 3, TextFilters::replace, "s", "old", "new", "count");
    Filters.add("join", 1, TextFilters::join, "value", "d", "attribute");
    Filters.add(
        "format",
        (rt, a) -> {
          List<Object> rest = a.positional().subList(1, a.positional().size());
          if (!rest.isEmpty() && !a.named().isEmpty()) {
            throw Filters.argument(
                "can't handle positional and keyword arguments at the same time");
          }
          Object v = a.positional().getFirst();
          return Ops.binary(
              "%",
              Types.isText(v) ? v : Repr.str(v, rt),
              a.named().isEmpty() ? new PyTuple(rest) : PyDict.ofNames(a.named()),
              rt);
        });
    Filters.add(
        "center",
        1,
        (v, a, rt) ->
            alike(
                v,
                Str.pad(
                    soft(v, rt), a[1] == null ? 80 : Types.index(a[1]), " ", Str.Align.CENTER, rt)),
        "value",
        "width");
    Filters.add("indent", 1, TextFilters::indent, "s", "width", "first", "blank");
    Filters.add("truncate", 1, TextFilters::truncate, "s", "length", "killwords", "end", "leeway");
    Filters.add("wordcount", 1, (v, a, rt) -> words(soft(v, rt), rt), "s");
    Filters.add(
        "wordwrap",
        1,
        TextFilters::wrap,
        "s",
        "width",
        "break_long_words",
        "wrapstring",
        "break_on_hyphens");
    Filters.add("escape", 1, (v, a, rt) -> new Markup(Markup.escape(v, rt)), "s");
    Filters.add("e", 1, (v, a, rt) -> new Markup(Markup.escape(v, rt)), "s");
    Filters.add(
        "forceescape", 1, (v, a, rt) -> new Markup(Markup.escape(Repr.str(v, rt), rt)), "value");
    Filters.add(
        "safe", 1, (v, a, rt) -> v instanceof Markup ? v : new Markup(Repr.str(v, rt)), "value");
    Filters.add("striptags", 1, (v, a, rt) -> Html.stripTags(Repr.str(v, rt), rt), "value");
    Filters.add("urlencode", 1, TextFilters::urlEncode, "value");
    Filters.add("xmlattr", 1, TextFilters::attributes, "d", "autospace");
    Filters.add(
        "urlize",
        1,
        Links::apply,
        "value",
        "trim_url_limit",
        "nofollow",
        "target",
        "rel",
        "extra_schemes");
  }

  private static void simple(String name, UnaryOperator<String> change) {
    Filters.add(name, 1, (v, a, rt) -> alike(v, rt.made(change.apply(soft(v, rt)))), "s");
  }

  private static String soft(Object v, Runtime rt) {
    return Repr.str(v, rt);
  }

  /** {@code text} as HTML, if {@code v} was. */
  private static Object alike(Object v, String text) {
    return v instanceof Markup ? new Markup(text) : text;
  }

  // Words begin after white space, hyphens and opening brackets, and nowhere else.
  private static String title(String s) {
    StringBuilder out = new StringBuilder(s.length());
    int start = 0;
    while (start < s.length()) {
      boolean between = between(s.charAt(start));
      int end = start;
      while (end < s.length() && between(s.charAt(end)) == between) {
        end++;
      }
      String part = s.substring(start, end);
      if (between) {
        out.append(part);
      } else {
        int n = Character.charCount(part.codePointAt(0));
        out.append(Str.upper(part.substring(0, n))).append(Str.lower(part.substring(n)));
      }
      start = end;
    }
    return out.toString();
  }

  private static boolean between(char c) {
    return "-({[<".indexOf(c) >= 0 || CharKinds.space(c);
  }

  private static Object replace(Object v, @Nullable Object[] a, Runtime rt) {
    Object count = Filters.orNull(a[3]);
    long n = count == null ? -1 : Types.index(count);
    return Str.replace(
        Repr.str(v, rt),
        Repr.str(Objects.requireNonNull(a[1]), rt),
        Repr.str(Objects.requireNonNull(a[2]), rt),
        n,
        rt);
  }

  private static Object join(Object v, @Nullable Object[] a, Runtime rt) {
    Function<Object, Object> get = ListFilters.getter(Filters.orNull(a[2]), null, false, rt);
    String between =
        a[1] == null ? "" : rt.autoescape ? Markup.escape(a[1], rt) : Repr.str(a[1], rt);
    StringBuilder out = new StringBuilder();
    Iterator<Object> i = Iters.iterate(v);
    for (boolean first = true; i.hasNext(); first = false) {
      Object item = get.apply(i.next());
      String s = rt.autoescape ? Markup.escape(item, rt) : Repr.str(item, rt);
      rt.reserve(s.length() + (long) between.length());
      out.append(first ? "" : between).append(s);
    }
    return rt.autoescape ? new Markup(out.toString()) : out.toString();
  }

  private static Object indent(Object v, @Nullable Object[] a, Runtime rt) {
    if (!Types.isText(v)) {
      Undefined.refuse(v, null);
      throw v instanceof PyList
          ? noLines(v)
          : JinjaException.type(
              v instanceof PyTuple
                  ? "can only concatenate tuple (not \"str\") to tuple"
                  : "unsupported operand type(s) for +=: "
                      + Repr.quote(Types.name(v))
                      + " and 'str'");
    }
    Object width = a[1] == null ? 4L : a[1];
    String by = Types.isText(width) ? Types.text(width) : Str.repeat(" ", Types.index(width), rt);
    boolean blank = Filters.flag(a[3]);
    List<String> lines = Str.lines(Types.text(v) + "\n", false, rt);
    StringBuilder out = new StringBuilder(Filters.flag(a[2]) ? by : "");
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      rt.reserve(line.length() + 1L + by.length());
      out.append(i == 0 ? "" : "\n")
          .append(i > 0 && (blank || !line.isEmpty()) ? by : "")
          .append(line);
    }
    return alike(v, out.toString());
  }

  private static JinjaException noLines(Object v) {
    return new JinjaException(
        "AttributeError", Repr.quote(Types.name(v)) + " object has no attribute 'splitlines'");
  }

  private static Object truncate(Object v, @Nullable Object[] a, Runtime rt) {
    int length = a[1] == null ? 255 : Types.index(a[1]);
    String end = a[3] == null ? "..." : Repr.str(a[3], rt);
    Object given = Filters.orNull(a[4]);
    int leeway = given == null ? 5 : Types.index(given);
    if (length < Str.length(end)) {
      throw new JinjaException(
          "AssertionError", "expected length >= " + Str.length(end) + ", got " + length);
    }
    if (leeway < 0) {
      throw new JinjaException("AssertionError", "expected leeway >= 0, got " + leeway);
    }
    if (Types.length(v) <= (long) length + leeway) {
      return v;
    }
    if (!Types.isText(v)) {
      throw new JinjaException(
          "AttributeError", Repr.quote(Types.name(v)) + " object has no attribute 'rsplit'");
    }
    String s = Types.text(v);
    String head = Str.slice(s, 0, length - Str.length(end), 1);
    if (!Filters.flag(a[2])) {
      int space = head.lastIndexOf(' ');
      head = space < 0 ? head : head.substring(0, space);
    }
    return alike(v, rt.made(head + end));
  }

  private static long words(String s, Runtime rt) {
    rt.work(s.length());
    long n = 0;
    boolean in = false;
    int c;
    for (int i = 0; i < s.length(); i += Character.charCount(c)) {
      c = s.codePointAt(i);
      boolean word = c == '_' || CharKinds.alpha(c) || CharKinds.numeric(c);
      n += word && !in ? 1 : 0;
      in = word;
    }
    return n;
  }

  private static Object wrap(Object v, @Nullable Object[] a, Runtime rt) {
    int width = a[1] == null ? 79 : Types.index(a[1]);
    boolean breakWords = a[2] == null || Types.truth(a[2]);
    Object end = Filters.orNull(a[3]);
    boolean hyphens = a[4] == null || Types.truth(a[4]);
    Undefined.refuse(v, null);
    if (!Types.isText(v)) {
      throw noLines(v);
    }
    List<String> out = new ArrayList<>();
    for (String line : Str.lines(soft(v, rt), false, rt)) {
      if (width <= 0) {
        throw JinjaException.value("invalid width " + width + " (must be > 0)");
      }
      List<String> wrapped = TextWrap.wrap(line, width, breakWords, hyphens, rt);
      out.add(String.join(end == null ? "\n" : Repr.str(end, rt), wrapped));
    }
    return rt.made(String.join(end == null ? "\n" : Repr.str(end, rt), out));
  }

  private static String quote(Object v, boolean query, Runtime rt) {
    StringBuilder out = new StringBuilder();
    String s = Repr.str(v, rt);
    rt.reserve(3L * s.length());
    for (byte b : s.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      if (c < 128
          && (Character.isLetterOrDigit(c) || "_.-~".indexOf(c) >= 0 || (c == '/' && !query))) {
        out.append(c);
      } else if (c == ' ' && query) {
        out.append('+');
      } else {
        out.append('%').append(Repr.hex(c, 2).toUpperCase(java.util.Locale.ROOT));
      }
    }
    return out.toString();
  }

  private static Object urlEncode(Object v, @Nullable Object[] a, Runtime rt) {
    if (Types.isText(v) || Iters.tryIterate(v) == null) {
      return quote(v, false, rt);
    }
    List<String> parts = new ArrayList<>();
    for (Object pair : v instanceof PyDict d ? d.items() : Iters.list(v, rt)) {
      List<Object> two = Iters.unpack(pair, 2, rt);
      parts.add(quote(two.get(0), true, rt) + "=" + quote(two.get(1), true, rt));
    }
    return String.join("&", parts);
  }

  private static Object attributes(Object v, @Nullable Object[] a, Runtime rt) {
    Undefined.refuse(v, null);
    if (!(v instanceof PyDict d)) {
      throw new JinjaException(
          "AttributeError", Repr.quote(Types.name(v)) + " object has no attribute 'items'");
    }
    List<String> parts = new ArrayList<>();
    for (Map.Entry<Object, Object> e : d.entries()) {
      if (e.getValue() == None.NONE || e.getValue() instanceof Undefined) {
        continue;
      }
      Object key = d.original(e.getKey());
      if (!Types.isText(key)) {
        throw JinjaException.type(
            "expected string or bytes-like object, got " + Repr.quote(Types.name(key)));
      }
      if (Types.text(key)
          .chars()
          .anyMatch(
              c ->
                  (c <= 32 && CharKinds.space(c) && c < 0x1c || c == 32)
                      || c == '/'
                      || c == '>'
                      || c == '=')) {
        throw JinjaException.value("Invalid character in attribute name: " + Repr.repr(key, rt));
      }
      parts.add(Markup.escape(key, rt) + "=\"" + Markup.escape(e.getValue(), rt) + "\"");
    }
    String s = String.join(" ", parts);
    s = (a[1] == null || Types.truth(a[1])) && !s.isEmpty() ? " " + s : s;
    return rt.autoescape ? new Markup(s) : s;
  }
}
