package dev.peft4j.chat.jinja;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Filters about lists and dicts. */
final class ListFilters {
  private ListFilters() {}

  static void register() {
    Filters.add("length", 1, (v, a, rt) -> (long) Types.length(v), "obj");
    Filters.add("count", 1, (v, a, rt) -> (long) Types.length(v), "obj");
    Filters.add("list", 1, (v, a, rt) -> new PyList(Iters.list(v, rt)), "value");
    Filters.add(
        "first",
        1,
        (v, a, rt) -> {
          Iterator<Object> i = Iters.iterate(v);
          return i.hasNext() ? i.next() : Undefined.hint("No first item, sequence was empty.");
        },
        "seq");
    Filters.add("last", 1, ListFilters::last, "seq");
    Filters.add("reverse", 1, ListFilters::reverse, "value");
    Filters.add(
        "sort",
        1,
        (v, a, rt) -> {
          List<Object> items = Iters.list(v, rt);
          Sort.sort(items, multiple(a[3], !Filters.flag(a[2]), rt), Filters.flag(a[1]), rt);
          return new PyList(items);
        },
        "value",
        "reverse",
        "case_sensitive",
        "attribute");
    Filters.add("dictsort", 1, ListFilters::sortDict, "value", "case_sensitive", "by", "reverse");
    Filters.add("unique", 1, ListFilters::unique, "value", "case_sensitive", "attribute");
    Filters.add(
        "min", 1, (v, a, rt) -> extreme(v, a, "<", rt), "value", "case_sensitive", "attribute");
    Filters.add(
        "max", 1, (v, a, rt) -> extreme(v, a, ">", rt), "value", "case_sensitive", "attribute");
    Filters.add("sum", 1, ListFilters::sum, "iterable", "attribute", "start");
    Filters.add(
        "groupby", 2, ListFilters::groupBy, "value", "attribute", "default", "case_sensitive");
    Filters.add("batch", 2, ListFilters::batch, "value", "linecount", "fill_with");
    Filters.add("slice", 2, ListFilters::slice, "value", "slices", "fill_with");
    Filters.add(
        "items",
        1,
        (v, a, rt) ->
            Filters.lazy(
                () -> {
                  if (v instanceof Undefined) {
                    return List.<Object>of().iterator();
                  }
                  if (!(v instanceof PyDict d)) {
                    throw JinjaException.type("Can only get item pairs from a mapping.");
                  }
                  return d.items().iterator();
                },
                rt),
        "value");
    Filters.add("map", (rt, a) -> lazily(a, rt, ListFilters::mapping));
    Filters.add("select", (rt, a) -> lazily(a, rt, (args, t) -> selection(args, false, true, t)));
    Filters.add("reject", (rt, a) -> lazily(a, rt, (args, t) -> selection(args, false, false, t)));
    Filters.add(
        "selectattr", (rt, a) -> lazily(a, rt, (args, t) -> selection(args, true, true, t)));
    Filters.add(
        "rejectattr", (rt, a) -> lazily(a, rt, (args, t) -> selection(args, true, false, t)));
  }

  /** What {@code map} and {@code select} do with each item, made when the first is asked for. */
  private interface Step {
    Function<Object, @Nullable Object> of(Args args, Runtime rt);
  }

  private static Object lazily(Args a, Runtime rt, Step step) {
    if (a.positional().isEmpty()) {
      throw JinjaException.type("missing 1 required positional argument: 'value'");
    }
    Object value = a.positional().getFirst();
    return Filters.lazy(
        () ->
            Types.truth(value)
                ? Filters.through(
                    Iters.iterate(value),
                    step.of(
                        new Args(a.positional().subList(1, a.positional().size()), a.named()), rt))
                : List.<Object>of().iterator(),
        rt);
  }

  private static Function<Object, @Nullable Object> mapping(Args a, Runtime rt) {
    if (a.positional().isEmpty() && a.named().containsKey("attribute")) {
      for (String name : a.named().keySet()) {
        if (!name.equals("attribute") && !name.equals("default")) {
          throw Filters.argument("Unexpected keyword argument " + Repr.quote(name));
        }
      }
      return getter(a.named().get("attribute"), Filters.orNull(a.named().get("default")), false, rt)
          ::apply;
    }
    if (a.positional().isEmpty()) {
      throw Filters.argument("map requires a filter argument");
    }
    String name = Repr.str(a.positional().getFirst(), rt);
    Args rest = new Args(a.positional().subList(1, a.positional().size()), a.named());
    return item -> Filters.call(name, rest.behind(item), rt);
  }

  private static Function<Object, @Nullable Object> selection(
      Args a, boolean attribute, boolean wanted, Runtime rt) {
    int off = attribute ? 1 : 0;
    if (a.positional().size() < off) {
      throw Filters.argument("Missing parameter for attribute name");
    }
    Function<Object, Object> get =
        attribute ? getter(a.positional().getFirst(), null, false, rt) : x -> x;
    if (a.positional().size() == off) {
      return item -> Types.truth(get.apply(item)) == wanted ? item : null;
    }
    String name = Repr.str(a.positional().get(off), rt);
    Args rest = new Args(a.positional().subList(off + 1, a.positional().size()), a.named());
    return item -> {
      Tests.Test test = Tests.get(name);
      if (test == null) {
        throw new JinjaException("TemplateRuntimeError", "No test named " + Repr.quote(name) + ".");
      }
      return test.of(rt, rest.behind(get.apply(item))) == wanted ? item : null;
    };
  }

  /** Gets {@code a.b.0} out of an item; {@code otherwise} stands for what is undefined. */
  static Function<Object, Object> getter(
      @Nullable Object attribute, @Nullable Object otherwise, boolean lower, Runtime rt) {
    List<Object> parts = new ArrayList<>();
    if (attribute != null && Types.isText(attribute)) {
      for (String part : Types.text(attribute).split("\\.", -1)) {
        boolean number =
            !part.isEmpty()
                && part.length() < 10
                && part.chars().allMatch(c -> c >= '0' && c <= '9');
        parts.add(number ? (Object) Long.parseLong(part) : part);
      }
    } else if (attribute != null && attribute != None.NONE) {
      parts.add(attribute);
    }
    return item -> {
      Object value = item;
      for (Object part : parts) {
        value = Members.item(value, part, rt);
        if (otherwise != null && value instanceof Undefined) {
          value = otherwise;
        }
      }
      return lower ? lowered(value, rt) : value;
    };
  }

  static Object lowered(Object value, Runtime rt) {
    return value instanceof String s
        ? rt.made(Str.lower(s))
        : value instanceof Markup m ? Str.lower(m.text()) : value;
  }

  // The key for sorting: a list, since several attributes may be named.
  private static Function<Object, Object> multiple(
      @Nullable Object attribute, boolean lower, Runtime rt) {
    List<Function<Object, Object>> getters = new ArrayList<>();
    if (attribute instanceof String s) {
      for (String one : s.split(",", -1)) {
        getters.add(getter(one, null, lower, rt));
      }
    } else {
      getters.add(getter(attribute, null, lower, rt));
    }
    return item -> {
      List<Object> key = new ArrayList<>(getters.size());
      getters.forEach(g -> key.add(g.apply(item)));
      return new PyList(key);
    };
  }

  private static Object last(Object v, @Nullable Object[] a, Runtime rt) {
    if (v instanceof Seq s) {
      return s.items.isEmpty()
          ? Undefined.hint("No last item, sequence was empty.")
          : s.items.getLast();
    }
    Object reversed = Iters.reversed(v, rt);
    if (!(reversed instanceof PyIter i)) {
      throw JinjaException.type(Repr.quote(Types.name(v)) + " object is not reversible");
    }
    return i.iterator.hasNext()
        ? i.iterator.next()
        : Undefined.hint("No last item, sequence was empty.");
  }

  private static Object reverse(Object v, @Nullable Object[] a, Runtime rt) {
    if (Types.isText(v)) {
      String s = new StringBuilder(rt.made(Types.text(v))).reverse().toString();
      return v instanceof Markup ? new Markup(s) : s;
    }
    Object reversed = Iters.reversed(v, rt);
    if (reversed != null) {
      return reversed;
    }
    if (Iters.tryIterate(v) == null) {
      throw Filters.argument("argument must be iterable");
    }
    return new PyList(new ArrayList<>(Iters.list(v, rt).reversed()));
  }

  private static Object sortDict(Object v, @Nullable Object[] a, Runtime rt) {
    String by = a[2] == null ? "key" : Repr.str(a[2], rt);
    if (!by.equals("key") && !by.equals("value")) {
      throw Filters.argument("You can only sort by either \"key\" or \"value\"");
    }
    if (!(v instanceof PyDict d)) {
      if (v instanceof Undefined u) {
        throw u.error();
      }
      throw new JinjaException(
          "AttributeError", Repr.quote(Types.name(v)) + " object has no attribute 'items'");
    }
    int at = by.equals("key") ? 0 : 1;
    boolean lower = !Filters.flag(a[1]);
    List<Object> items = d.items();
    Sort.sort(
        items,
        pair -> {
          Object key = ((PyTuple) pair).items.get(at);
          return lower ? lowered(key, rt) : key;
        },
        Filters.flag(a[3]),
        rt);
    return new PyList(items);
  }

  private static Object unique(Object v, @Nullable Object[] a, Runtime rt) {
    return Filters.lazy(
        () -> {
          Function<Object, Object> get = getter(a[2], null, !Filters.flag(a[1]), rt);
          Set<Object> seen = new HashSet<>();
          return Filters.through(
              Iters.iterate(v),
              item -> {
                rt.reserveEntries(1);
                return seen.add(PyDict.canonical(get.apply(item))) ? item : null;
              });
        },
        rt);
  }

  private static Object extreme(Object v, @Nullable Object[] a, String operator, Runtime rt) {
    Function<Object, Object> get = getter(a[2], null, !Filters.flag(a[1]), rt);
    Iterator<Object> i = Iters.iterate(v);
    if (!i.hasNext()) {
      return Undefined.hint("No aggregated item, sequence was empty.");
    }
    Object best = i.next();
    Object bestKey = get.apply(best);
    while (i.hasNext()) {
      Object item = i.next();
      Object key = get.apply(item);
      if (Compare.order(operator, key, bestKey, rt)) {
        best = item;
        bestKey = key;
      }
    }
    return best;
  }

  private static Object sum(Object v, @Nullable Object[] a, Runtime rt) {
    Object total = a[2] == null ? 0L : a[2];
    if (Types.isText(total)) {
      throw JinjaException.type("sum() can't sum strings [use ''.join(seq) instead]");
    }
    Function<Object, Object> get = getter(Filters.orNull(a[1]), null, false, rt);
    Iterator<Object> i = Iters.iterate(v);
    while (i.hasNext()) {
      total = Ops.binary("+", total, get.apply(i.next()), rt);
    }
    return total;
  }

  private static Object groupBy(Object v, @Nullable Object[] a, Runtime rt) {
    boolean lower = !Filters.flag(a[3]);
    Function<Object, Object> get = getter(a[1], Filters.orNull(a[2]), lower, rt);
    Function<Object, Object> shown = getter(a[1], Filters.orNull(a[2]), false, rt);
    List<Object> items = Iters.list(v, rt);
    Sort.sort(items, get, false, rt);
    List<Object> groups = new ArrayList<>();
    List<Object> group = new ArrayList<>();
    Object last = null;
    for (Object item : items) {
      Object key = get.apply(item);
      if (last == null || !Compare.equal(last, key, rt)) {
        rt.reserveEntries(3);
        group = new ArrayList<>();
        groups.add(new PyTuple(List.of(lower ? shown.apply(item) : key, new PyList(group)), true));
      }
      group.add(item);
      last = key;
    }
    return new PyList(groups);
  }

  private static Object batch(Object v, @Nullable Object[] a, Runtime rt) {
    int size = Types.index(Objects.requireNonNull(a[1]));
    Object fill = Filters.orNull(a[2]);
    return Filters.lazy(
        () -> {
          List<Object> batches = new ArrayList<>();
          List<Object> now = new ArrayList<>();
          Iterator<Object> i = Iters.iterate(v);
          while (i.hasNext()) {
            rt.reserveEntries(1);
            Object item = i.next();
            if (now.size() == size) {
              batches.add(new PyList(now));
              now = new ArrayList<>();
            }
            now.add(item);
          }
          if (!now.isEmpty()) {
            rt.reserveEntries(fill == null ? 0 : Math.max(0, size - now.size()));
            while (fill != null && now.size() < size) {
              now.add(fill);
            }
            batches.add(new PyList(now));
          }
          return batches.iterator();
        },
        rt);
  }

  private static Object slice(Object v, @Nullable Object[] a, Runtime rt) {
    int slices = Types.index(Objects.requireNonNull(a[1]));
    Object fill = Filters.orNull(a[2]);
    return Filters.lazy(
        () -> {
          List<Object> all = Iters.list(v, rt);
          if (slices == 0) {
            throw new JinjaException("ZeroDivisionError", "integer division or modulo by zero");
          }
          rt.reserveEntries(Math.max(0, slices));
          List<Object> parts = new ArrayList<>();
          int at = 0;
          for (int n = 0; n < slices; n++) {
            boolean extra = n < all.size() % slices;
            int end = at + all.size() / slices + (extra ? 1 : 0);
            List<Object> part = new ArrayList<>(all.subList(at, end));
            if (fill != null && !extra) {
              part.add(fill);
            }
            parts.add(new PyList(part));
            at = end;
          }
          return parts.iterator();
        },
        rt);
  }

  static Map<String, Object> names(PyDict dict, String what, Runtime rt) {
    Map<String, Object> names = new LinkedHashMap<>();
    for (Object key : dict.keys()) {
      if (!Types.isText(key)) {
        throw JinjaException.type(what + " keywords must be strings");
      }
      names.put(Types.text(key), Objects.requireNonNull(dict.get(key)));
    }
    return names;
  }
}
