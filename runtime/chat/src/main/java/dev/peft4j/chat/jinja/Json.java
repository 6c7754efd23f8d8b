package dev.peft4j.chat.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's {@code json.dumps}: the filter {@code tojson} as transformers has it. */
final class Json {
  private final boolean ascii;
  private final @Nullable String indent;
  private final String itemEnd;
  private final String keyEnd;
  private final boolean sorted;
  private final Runtime rt;
  private final StringBuilder out = new StringBuilder();

  private Json(
      boolean ascii,
      @Nullable String indent,
      String itemEnd,
      String keyEnd,
      boolean sorted,
      Runtime rt) {
    this.ascii = ascii;
    this.indent = indent;
    this.itemEnd = itemEnd;
    this.keyEnd = keyEnd;
    this.sorted = sorted;
    this.rt = rt;
  }

  static String dumps(Args args, Runtime rt) {
    @Nullable Object[] a =
        args.bind("tojson", 1, "x", "ensure_ascii", "indent", "separators", "sort_keys");
    Object i = a[2];
    String indent =
        i == null || i == None.NONE
            ? null
            : Types.isText(i) ? Types.text(i) : Str.repeat(" ", Types.index(i), rt);
    String itemEnd = indent == null ? ", " : ",";
    String keyEnd = ": ";
    if (a[3] != null && a[3] != None.NONE) {
      List<Object> two = Iters.unpack(a[3], 2, rt);
      itemEnd = Repr.str(two.get(0), rt);
      keyEnd = Repr.str(two.get(1), rt);
    }
    Json json =
        new Json(
            a[1] != null && Types.truth(a[1]),
            indent,
            itemEnd,
            keyEnd,
            a[4] != null && Types.truth(a[4]),
            rt);
    json.write(java.util.Objects.requireNonNull(a[0]), 0);
    return rt.made(json.out.toString());
  }

  private void write(Object value, int depth) {
    Runtime.nesting(depth);
    rt.reserve(2);
    switch (value) {
      case None n -> out.append("null");
      case Boolean b -> out.append(b.booleanValue());
      case Long n -> out.append(n.longValue());
      case BigInteger n -> out.append(Repr.integer(n));
      case Double d -> out.append(number(d));
      case String s -> text(s);
      case Markup m -> text(m.text());
      case Seq s -> list(s.items, depth);
      case PyDict d -> dict(d, depth);
      default ->
          throw JinjaException.type(
              "Object of type " + Types.name(value) + " is not JSON serializable");
    }
  }

  private static String number(double d) {
    return Double.isNaN(d)
        ? "NaN"
        : Double.isInfinite(d) ? (d > 0 ? "Infinity" : "-Infinity") : Repr.number(d);
  }

  private void list(List<Object> items, int depth) {
    if (items.isEmpty()) {
      out.append("[]");
      return;
    }
    out.append('[');
    for (int i = 0; i < items.size(); i++) {
      separate(i, depth + 1);
      write(items.get(i), depth + 1);
    }
    line(depth);
    out.append(']');
  }

  private void separate(int index, int depth) {
    if (index > 0) {
      out.append(itemEnd);
    }
    line(depth);
  }

  private void line(int depth) {
    if (indent != null) {
      rt.reserve(1 + indent.length() * (long) depth);
      out.append('\n').repeat(indent, depth);
    }
  }

  private void dict(PyDict dict, int depth) {
    if (dict.size() == 0) {
      out.append("{}");
      return;
    }
    out.append('{');
    List<Map.Entry<Object, Object>> entries = new ArrayList<>(dict.size());
    dict.entries().forEach(entries::add);
    if (sorted) {
      Sort.sort(entries, e -> dict.original(e.getKey()), false, rt);
    }
    int i = 0;
    for (Map.Entry<Object, Object> e : entries) {
      separate(i++, depth + 1);
      key(dict.original(e.getKey()));
      out.append(keyEnd);
      write(e.getValue(), depth + 1);
    }
    line(depth);
    out.append('}');
  }

  private void key(Object key) {
    switch (key) {
      case String s -> text(s);
      case Markup m -> text(m.text());
      case Double d -> out.append('"').append(number(d)).append('"');
      case Boolean b -> out.append('"').append(b.booleanValue()).append('"');
      case None n -> out.append("\"null\"");
      case Long n -> out.append('"').append(n.longValue()).append('"');
      case BigInteger n -> out.append('"').append(Repr.integer(n)).append('"');
      default ->
          throw JinjaException.type(
              "keys must be str, int, float, bool or None, not " + Types.name(key));
    }
  }

  private void text(String s) {
    rt.reserve(s.length());
    out.append('"');
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < 0x20 || (ascii && c > 0x7f)) {
            out.append("\\u").append(Repr.hex(c, 4));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
