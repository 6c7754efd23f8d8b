package dev.peft4j.chat.jinja;

import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What can stand after {@code |}: jinja2's filters, and transformers' {@code tojson}. */
final class Filters {
  /** A filter; the first argument is the value. */
  interface Filter {
    Object apply(Runtime rt, Args args);
  }

  /** The code of a filter, with its arguments by place; null for those that are absent. */
  interface Code {
    Object apply(Object value, @Nullable Object[] args, Runtime rt);
  }

  private static final Map<String, Filter> ALL = new HashMap<>();

  private Filters() {}

  static @Nullable Filter get(String name) {
    return ALL.get(name);
  }

  /** Calls a filter by name, as {@code map} does. */
  static Object call(String name, Args args, Runtime rt) {
    Filter f = get(name);
    if (f == null) {
      throw new JinjaException("TemplateRuntimeError", "No filter named " + Repr.quote(name) + ".");
    }
    rt.step();
    return f.apply(rt, args);
  }

  static void add(String name, Filter filter) {
    ALL.put(name, filter);
  }

  /**
   * Adds a filter whose parameters, the value first, are {@code parameters}; {@code required} of
   * them must be given.
   */
  static void add(String name, int required, Code code, String... parameters) {
    ALL.put(
        name,
        (rt, a) -> {
          @Nullable Object[] v = a.bind("do_" + name, required, parameters);
          return code.apply(Objects.requireNonNull(v[0]), v, rt);
        });
  }

  /** Whether the argument was given and is true. */
  static boolean flag(@Nullable Object argument) {
    return argument != null && Types.truth(argument);
  }

  static @Nullable Object orNull(@Nullable Object argument) {
    return argument == None.NONE ? null : argument;
  }

  static JinjaException argument(String message) {
    return new JinjaException("FilterArgumentError", message);
  }

  /** A generator: nothing happens before its first item is asked for. */
  static PyIter lazy(Supplier<Iterator<Object>> start, Runtime rt) {
    return new PyIter(
        "generator",
        new Iterator<>() {
          private @Nullable Iterator<Object> inner;

          private Iterator<Object> inner() {
            if (inner == null) {
              inner = start.get();
            }
            return inner;
          }

          @Override
          public boolean hasNext() {
            rt.step();
            return inner().hasNext();
          }

          @Override
          public Object next() {
            return inner().next();
          }
        });
  }

  /**
   * The items of {@code from} that {@code step} lets through, as it returns them; null leaves one
   * out.
   */
  static Iterator<Object> through(
      Iterator<Object> from, java.util.function.Function<Object, @Nullable Object> step) {
    return new Iterator<>() {
      private @Nullable Object next;

      @Override
      public boolean hasNext() {
        while (next == null && from.hasNext()) {
          next = step.apply(from.next());
        }
        return next != null;
      }

      @Override
      public Object next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        Object now = Objects.requireNonNull(next);
        next = null;
        return now;
      }
    };
  }

  static {
    TextFilters.register();
    ListFilters.register();
    NumberFilters.register();
    add("tojson", (rt, a) -> Json.dumps(a, rt));
    Code defaults =
        (v, a, rt) ->
            v instanceof Undefined || (flag(a[2]) && !Types.truth(v))
                ? (a[1] == null ? "" : a[1])
                : v;
    add("default", 1, defaults, "value", "default_value", "boolean");
    add("d", 1, defaults, "value", "default_value", "boolean");
    add(
        "attr",
        2,
        (v, a, rt) -> {
          String name = Repr.str(Objects.requireNonNull(a[1]), rt);
          if (v instanceof Undefined u) {
            throw u.error();
          }
          Object found = Members.own(v, name, rt);
          return found == null ? Undefined.of(v, name, rt) : found;
        },
        "obj",
        "name");
    add("pprint", 1, (v, a, rt) -> PrettyPrint.format(v, rt), "value");
    add(
        "random",
        1,
        (v, a, rt) -> {
          throw new JinjaException(
              "TemplateRuntimeError",
              "random is not possible: a chat template must give the same text each time");
        },
        "seq");
  }
}
