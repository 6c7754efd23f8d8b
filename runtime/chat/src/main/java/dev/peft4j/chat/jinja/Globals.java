package dev.peft4j.chat.jinja;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The functions that every template has. */
final class Globals {
  static final Map<String, Object> ALL = new HashMap<>();

  private Globals() {}

  /** A function. */
  record Function(String name, Callable code) implements Callable {
    @Override
    public Object call(Runtime rt, Args args) {
      return code.call(rt, args);
    }

    @Override
    public String typeName() {
      return isClass() ? "type" : "function";
    }

    private boolean isClass() {
      return !name.equals("lipsum") && !name.contains("_") && ALL.get(name) == this;
    }

    /** What Python shows of it. */
    String shown() {
      boolean own = name.equals("dict") || name.equals("range");
      return isClass()
          ? "<class '"
              + (own
                  ? name
                  : "jinja2.utils."
                      + name.substring(0, 1).toUpperCase(java.util.Locale.ROOT)
                      + name.substring(1))
              + "'>"
          : "<function " + name + ">";
    }
  }

  static {
    add("range", Globals::range);
    add("dict", Globals::dict);
    add(
        "namespace",
        (rt, a) -> {
          Namespace n = new Namespace();
          n.attributes.putAll(dict(rt, a));
          return n;
        });
    add("cycler", (rt, a) -> new Cycler(a.positional()));
    add(
        "joiner",
        (rt, a) -> {
          @Nullable Object[] v = a.bind("Joiner.__init__", 0, "sep");
          return new Joiner(v[0] == null ? ", " : v[0]);
        });
    add(
        "lipsum",
        (rt, a) -> {
          throw new JinjaException(
              "TemplateRuntimeError", "lipsum() is random, which a chat template must not be");
        });
    add(
        "raise_exception",
        (rt, a) -> {
          @Nullable Object[] v = a.bind("raise_exception", 1, "message");
          throw new JinjaException(
              "TemplateError", Repr.str(java.util.Objects.requireNonNull(v[0]), rt));
        });
    add(
        "strftime_now",
        (rt, a) -> {
          @Nullable Object[] v = a.bind("strftime_now", 1, "format");
          if (v[0] == null || !Types.isText(v[0])) {
            throw JinjaException.type(
                "strftime() argument 1 must be str, not "
                    + Types.name(java.util.Objects.requireNonNull(v[0])));
          }
          return Strftime.format(Types.text(v[0]), rt.clock.get(), rt);
        });
  }

  private static void add(String name, Callable code) {
    ALL.put(name, new Function(name, code));
  }

  private static Object range(Runtime rt, Args a) {
    List<Object> p = a.positional();
    if (!a.named().isEmpty()) {
      throw JinjaException.type("range() takes no keyword arguments");
    }
    if (p.isEmpty() || p.size() > 3) {
      throw JinjaException.type(
          "range expected at "
              + (p.isEmpty() ? "least 1 argument, got 0" : "most 3 arguments, got " + p.size()));
    }
    for (Object o : p) {
      Undefined.refuse(o, null);
    }
    long first = Types.index(p.get(0));
    return p.size() == 1
        ? new PyRange(0, first, 1)
        : new PyRange(first, Types.index(p.get(1)), p.size() > 2 ? Types.index(p.get(2)) : 1);
  }

  private static PyDict dict(Runtime rt, Args a) {
    PyDict d = new PyDict();
    if (a.positional().size() > 1) {
      throw JinjaException.type("dict expected at most 1 argument, got " + a.positional().size());
    }
    if (!a.positional().isEmpty()) {
      Object from = a.positional().getFirst();
      if (from instanceof PyDict other) {
        rt.reserveEntries(other.size());
        d.putAll(other);
      } else {
        int n = 0;
        for (Object pair : Iters.list(from, rt)) {
          List<Object> two = pair(pair, n++, rt);
          d.put(two.get(0), two.get(1));
        }
      }
    }
    a.named().forEach(d::put);
    return d;
  }

  private static List<Object> pair(Object pair, int index, Runtime rt) {
    if (Iters.tryIterate(pair) == null) {
      throw JinjaException.type(
          "cannot convert dictionary update sequence element #" + index + " to a sequence");
    }
    List<Object> two = Iters.list(pair, rt);
    if (two.size() != 2) {
      throw JinjaException.value(
          "dictionary update sequence element #"
              + index
              + " has length "
              + two.size()
              + "; 2 is required");
    }
    return two;
  }

  /** Goes round and round its items. */
  static final class Cycler {
    private final List<Object> items;
    private int at;

    Cycler(List<Object> items) {
      if (items.isEmpty()) {
        throw new JinjaException("RuntimeError", "at least one item has to be provided");
      }
      this.items = items;
    }

    @Nullable Object attribute(String name) {
      return switch (name) {
        case "current" -> items.get(at);
        case "items" -> new PyTuple(items);
        case "pos" -> (long) at;
        case "next" ->
            new Members.Bound(
                name,
                this,
                (rt, a) -> {
                  Object now = items.get(at);
                  at = (at + 1) % items.size();
                  return now;
                });
        case "reset" ->
            new Members.Bound(
                name,
                this,
                (rt, a) -> {
                  at = 0;
                  return None.NONE;
                });
        default -> null;
      };
    }
  }

  /** Empty at the first call, and a separator from then on. */
  static final class Joiner implements Callable {
    final Object separator;
    boolean used;

    Joiner(Object separator) {
      this.separator = separator;
    }

    @Override
    public Object call(Runtime rt, Args args) {
      if (used) {
        return separator;
      }
      used = true;
      return "";
    }

    @Override
    public String typeName() {
      return "Joiner";
    }
  }

  /** What {@code self} is: the template's blocks. */
  record Blocks(Map<String, Callable> blocks) {
    @Nullable Object block(String name) {
      return blocks.get(name);
    }
  }
}
