package dev.peft4j.chat.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code value.name} and {@code value[key]}: of Python's attributes those that read, and nothing of
 * Java's.
 */
final class Members {
  private static final Set<String> LIST_WRITERS =
      Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");
  private static final Set<String> DICT_WRITERS =
      Set.of("clear", "pop", "popitem", "setdefault", "update");

  private static final Set<String> OBJECT_ATTRIBUTES =
      Set.of(
          "__class__",
          "__init__",
          "__doc__",
          "__module__",
          "__eq__",
          "__str__",
          "__len__",
          "__hash__",
          "__call__",
          "__getattr__",
          "__getitem__",
          "__iter__",
          "__bool__",
          "__repr__",
          "__add__",
          "__new__",
          "__slots__",
          "__subclasshook__",
          "__reduce__",
          "__dir__",
          "__sizeof__",
          "__format__",
          "__getattribute__");

  private Members() {}

  /** A method, bound to its object. */
  record Bound(String name, Object self, Callable code) implements Callable {
    @Override
    public Object call(Runtime rt, Args args) {
      return code.call(rt, args);
    }
  }

  static Object attribute(Object value, String name, Runtime rt) {
    rt.step();
    if (value instanceof Undefined u) {
      if (OBJECT_ATTRIBUTES.contains(name)) {
        return Undefined.unsafe(value, name);
      }
      throw u.error();
    }
    Object found = own(value, name, rt);
    if (found == null) {
      found = element(value, name, rt);
    }
    return found == null ? Undefined.of(value, name, rt) : found;
  }

  static Object item(Object value, Object key, Runtime rt) {
    rt.step();
    if (value instanceof Undefined u) {
      throw u.error();
    }
    Object found = element(value, key, rt);
    if (found == null && Types.isText(key)) {
      found = own(value, Types.text(key), rt);
    }
    return found == null ? Undefined.of(value, key, rt) : found;
  }

  /** What is in {@code value} under {@code key}; null if nothing is. */
  private static @Nullable Object element(Object value, Object key, Runtime rt) {
    switch (value) {
      case PyDict d -> {
        return key instanceof PyList || key instanceof PyDict ? null : d.get(key);
      }
      case Globals.Blocks b -> {
        return key instanceof String name ? b.block(name) : null;
      }
      default -> {}
    }
    if (!Types.isInt(key)
        || (!(value instanceof Seq)
            && !Types.isText(value)
            && !(value instanceof PyRange)
            && !(value instanceof PyBytes))) {
      return null;
    }
    int i = Types.index(key);
    if (Types.isText(value)) {
      String s = Types.text(value);
      rt.work(s.length());
      String c = Str.at(s, i);
      return c != null && value instanceof Markup ? new Markup(c) : c;
    }
    int n = Types.length(value);
    i = i < 0 ? i + n : i;
    if (i < 0 || i >= n) {
      return null;
    }
    return switch (value) {
      case Seq s -> s.items.get(i);
      case PyRange r -> r.at(i);
      default -> (long) (((PyBytes) value).bytes[i] & 0xff);
    };
  }

  /** The attribute {@code name} of the type of {@code value}; null if it has none. */
  static @Nullable Object own(Object value, String name, Runtime rt) {
    if (name.startsWith("__") && name.endsWith("__") && name.length() > 4) {
      return Undefined.unsafe(value, name);
    }
    return switch (value) {
      case PyDict d -> ofDict(d, name);
      case String s -> ofText(s, name);
      case Markup m -> ofMarkup(m, name);
      case PyList l -> LIST_WRITERS.contains(name) ? Undefined.unsafe(l, name) : ofSeq(l, name);
      case PyTuple t ->
          t.group && name.equals("grouper")
              ? t.items.get(0)
              : t.group && name.equals("list")
                  ? t.items.get(1)
                  : name.equals("copy") ? null : ofSeq(t, name);
      case Loop l -> l.attribute(name);
      case Namespace n ->
          name.startsWith("_")
              ? (n.attributes.has(name) ? Undefined.unsafe(n, name) : null)
              : n.attributes.get(name);
      case Macro m -> m.attribute(name);
      case Globals.Cycler c -> c.attribute(name);
      case Globals.Joiner j ->
          name.equals("sep") ? j.separator : name.equals("used") ? j.used : null;
      case PyRange r -> ofRange(r, name);
      case PyBytes b ->
          name.equals("decode") ? bound("decode", b, (t, a) -> decode(b, a, t)) : null;
      default -> Types.isNumber(value) ? ofNumber(value, name) : null;
    };
  }

  private static Bound bound(String name, Object self, Callable code) {
    return new Bound(name, self, code);
  }

  private static @Nullable Object ofText(String s, String name) {
    StrMethods.Method m = StrMethods.get(name);
    return m == null
        ? null
        : bound(
            name,
            s,
            (rt, a) -> {
              rt.work(s.length());
              Object result = m.call(s, a, rt);
              if (result instanceof String text) {
                rt.reserve(text.length());
              }
              return result;
            });
  }

  private static @Nullable Object ofMarkup(Markup markup, String name) {
    if (name.equals("unescape") || name.equals("striptags")) {
      return bound(
          name,
          markup,
          (rt, a) ->
              name.equals("unescape")
                  ? Html.unescape(markup.text(), rt)
                  : Html.stripTags(markup.text(), rt));
    }
    StrMethods.Method m = StrMethods.get(name);
    if (m == null) {
      return null;
    }
    return bound(
        name,
        markup,
        (rt, a) -> {
          rt.work(markup.text().length());
          if (name.equals("format")) {
            return new Markup(Format.formatMarkup(markup.text(), a, rt));
          }
          if (name.equals("join") && a.positional().size() == 1) {
            List<Object> items = Iters.list(a.positional().getFirst(), rt);
            items.replaceAll(i -> Markup.escape(i, rt));
            a = Args.of(new PyList(items));
          } else if (name.equals("replace") && a.positional().size() >= 2) {
            List<Object> p = new ArrayList<>(a.positional());
            p.set(1, Markup.escape(p.get(1), rt));
            a = new Args(p, a.named());
          }
          return marked(m.call(markup.text(), a, rt));
        });
  }

  private static Object marked(Object value) {
    return switch (value) {
      case String s -> new Markup(s);
      case Seq s -> s.like(new ArrayList<>(s.items.stream().map(Members::marked).toList()));
      default -> value;
    };
  }

  private static @Nullable Object ofDict(PyDict d, String name) {
    return switch (name) {
      case "items" -> bound(name, d, (rt, a) -> new PyView(PyView.Kind.ITEMS, empty(a, name, d)));
      case "keys" -> bound(name, d, (rt, a) -> new PyView(PyView.Kind.KEYS, empty(a, name, d)));
      case "values" -> bound(name, d, (rt, a) -> new PyView(PyView.Kind.VALUES, empty(a, name, d)));
      case "get" -> bound(name, d, (rt, a) -> get(d, a));
      case "copy" ->
          bound(
              name,
              d,
              (rt, a) -> {
                rt.reserveEntries(d.size());
                PyDict copy = new PyDict();
                copy.putAll(empty(a, name, d));
                return copy;
              });
      case "fromkeys" ->
          bound(
              name,
              d,
              (rt, a) -> {
                PyDict keys = new PyDict();
                List<Object> p = a.positional();
                for (Object k : Iters.list(p.isEmpty() ? None.NONE : p.getFirst(), rt)) {
                  keys.put(k, p.size() > 1 ? p.get(1) : None.NONE);
                }
                return keys;
              });
      default -> DICT_WRITERS.contains(name) ? Undefined.unsafe(d, name) : null;
    };
  }

  private static PyDict empty(Args a, String name, PyDict d) {
    if (!a.positional().isEmpty() || !a.named().isEmpty()) {
      throw JinjaException.type(
          "dict." + name + "() takes no arguments (" + a.positional().size() + " given)");
    }
    return d;
  }

  private static Object get(PyDict d, Args a) {
    if (!a.named().isEmpty()) {
      throw JinjaException.type("dict.get() takes no keyword arguments");
    }
    List<Object> p = a.positional();
    if (p.isEmpty() || p.size() > 2) {
      throw JinjaException.type(
          "get expected at "
              + (p.isEmpty() ? "least 1 argument" : "most 2 arguments")
              + ", got "
              + p.size());
    }
    Object value = d.get(p.getFirst());
    return value != null ? value : p.size() > 1 ? p.get(1) : None.NONE;
  }

  private static @Nullable Object ofSeq(Seq s, String name) {
    return switch (name) {
      case "copy" -> bound(name, s, (rt, a) -> s.like(Iters.list(s, rt)));
      case "count" ->
          bound(
              name,
              s,
              (rt, a) -> {
                @Nullable Object[] v = a.bind("count", 1, "value");
                long n = 0;
                for (Object o : s.items) {
                  n += Compare.equal(o, java.util.Objects.requireNonNull(v[0]), rt) ? 1 : 0;
                }
                return n;
              });
      case "index" ->
          bound(
              name,
              s,
              (rt, a) -> {
                List<Object> p = a.positional();
                if (p.isEmpty()) {
                  throw JinjaException.type("index expected at least 1 argument, got 0");
                }
                int n = s.items.size();
                int from = p.size() > 1 ? Types.index(p.get(1)) : 0;
                int to = p.size() > 2 ? Types.index(p.get(2)) : n;
                from = from < 0 ? Math.max(0, from + n) : from;
                to = to < 0 ? to + n : Math.min(to, n);
                for (int i = from; i < to; i++) {
                  if (Compare.equal(s.items.get(i), p.getFirst(), rt)) {
                    return (long) i;
                  }
                }
                throw JinjaException.value(
                    s instanceof PyList
                        ? Repr.repr(p.getFirst(), rt) + " is not in list"
                        : "tuple.index(x): x not in tuple");
              });
      default -> null;
    };
  }

  private static @Nullable Object ofRange(PyRange r, String name) {
    return switch (name) {
      case "start" -> r.start();
      case "stop" -> r.stop();
      case "step" -> r.step();
      case "count", "index" ->
          bound(
              name,
              r,
              (rt, a) ->
                  java.util.Objects.requireNonNull(
                          (Callable) ofSeq(new PyTuple(Iters.list(r, rt)), name))
                      .call(rt, a));
      default -> null;
    };
  }

  private static @Nullable Object ofNumber(Object n, String name) {
    boolean whole = Types.isInt(n);
    return switch (name) {
      case "real" -> Num.plus(n);
      case "imag" -> whole ? (Object) 0L : 0.0;
      case "conjugate" -> bound(name, n, (rt, a) -> Num.plus(n));
      case "numerator" -> whole ? Num.plus(n) : null;
      case "denominator" -> whole ? 1L : null;
      case "bit_length" ->
          whole
              ? bound(
                  name,
                  n,
                  (rt, a) -> {
                    BigInteger b = Num.big(n).abs();
                    return (long) b.bitLength();
                  })
              : null;
      case "is_integer" ->
          n instanceof Double d
              ? bound(name, n, (rt, a) -> d == Math.rint(d) && !d.isInfinite())
              : null;
      default -> null;
    };
  }

  private static Object decode(PyBytes b, Args a, Runtime rt) {
    @Nullable Object[] v = a.bind("decode", 0, "encoding", "errors");
    rt.reserve(b.bytes.length);
    return new String(b.bytes, StrMethods.charset(v[0] == null ? "utf-8" : Repr.str(v[0], rt)));
  }

  static Object call(Object function, Args args, Runtime rt) {
    rt.step();
    return switch (function) {
      case Callable c -> c.call(rt, args);
      case Undefined u -> throw u.error();
      default ->
          throw JinjaException.type(Repr.quote(Types.name(function)) + " object is not callable");
    };
  }
}
