package dev.peft4j.chat.jinja;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What can stand after {@code is}. */
final class Tests {
  /** A test; the first argument is the value. */
  interface Test {
    boolean of(Runtime rt, Args args);
  }

  /** A test of a value alone. */
  private interface One {
    boolean of(Object value, Runtime rt);
  }

  /** A test of a value against another. */
  private interface Two {
    boolean of(Object value, Object other, Runtime rt);
  }

  private static final Map<String, Test> ALL = new HashMap<>();

  private Tests() {}

  static @Nullable Test get(String name) {
    return ALL.get(name);
  }

  private static void one(String name, One test) {
    ALL.put(
        name,
        (rt, a) -> {
          @Nullable Object[] v = a.bind("test_" + name, 1, "value");
          return test.of(Objects.requireNonNull(v[0]), rt);
        });
  }

  private static void two(String parameter, Two test, String... names) {
    for (String name : names) {
      ALL.put(
          name,
          (rt, a) -> {
            @Nullable Object[] v = a.bind("test_" + name, 2, "value", parameter);
            return test.of(Objects.requireNonNull(v[0]), Objects.requireNonNull(v[1]), rt);
          });
    }
  }

  static {
    one("odd", (v, rt) -> Compare.equal(Ops.binary("%", v, 2L, rt), 1L, rt));
    one("even", (v, rt) -> Compare.equal(Ops.binary("%", v, 2L, rt), 0L, rt));
    two("num", (v, o, rt) -> Compare.equal(Ops.binary("%", v, o, rt), 0L, rt), "divisibleby");
    one("defined", (v, rt) -> !(v instanceof Undefined));
    one("undefined", (v, rt) -> v instanceof Undefined);
    one("filter", (v, rt) -> PyDict.canonical(v) instanceof String s && Filters.get(s) != null);
    one("test", (v, rt) -> PyDict.canonical(v) instanceof String s && get(s) != null);
    one("none", (v, rt) -> v == None.NONE);
    one("boolean", (v, rt) -> v instanceof Boolean);
    one("false", (v, rt) -> Boolean.FALSE.equals(v));
    one("true", (v, rt) -> Boolean.TRUE.equals(v));
    one("integer", (v, rt) -> Types.isInt(v) && !(v instanceof Boolean));
    one("float", (v, rt) -> v instanceof Double);
    one("lower", (v, rt) -> TextKinds.isLower(Repr.str(v, rt)));
    one("upper", (v, rt) -> TextKinds.isUpper(Repr.str(v, rt)));
    one("string", (v, rt) -> Types.isText(v));
    one("mapping", (v, rt) -> v instanceof PyDict);
    one("number", (v, rt) -> Types.isNumber(v));
    one(
        "sequence",
        (v, rt) ->
            Types.isText(v)
                || v instanceof Seq
                || v instanceof PyDict
                || v instanceof PyRange
                || v instanceof PyBytes
                || v instanceof Undefined);
    one("iterable", (v, rt) -> Iters.tryIterate(v) != null);
    one("callable", (v, rt) -> v instanceof Callable || v instanceof Undefined);
    one("escaped", (v, rt) -> v instanceof Markup);
    two("other", (v, o, rt) -> same(v, o), "sameas");
    two("seq", (v, o, rt) -> Compare.contains(o, v, rt), "in");
    two("b", Compare::equal, "==", "eq", "equalto");
    two("b", (v, o, rt) -> !Compare.equal(v, o, rt), "!=", "ne");
    two("b", (v, o, rt) -> Compare.order(">", v, o, rt), ">", "gt", "greaterthan");
    two("b", (v, o, rt) -> Compare.order(">=", v, o, rt), ">=", "ge");
    two("b", (v, o, rt) -> Compare.order("<", v, o, rt), "<", "lt", "lessthan");
    two("b", (v, o, rt) -> Compare.order("<=", v, o, rt), "<=", "le");
  }

  // Python keeps one object for each small number, and for most short texts.
  private static boolean same(Object a, Object b) {
    return a == b
        || ((a instanceof Long || a instanceof Boolean) && a.equals(b))
        || (a instanceof String s && s.equals(b) && s.length() <= 1);
  }
}
