package dev.peft4j.chat.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Python's {@code ==}, {@code <} and {@code in}. */
final class Compare {
  private Compare() {}

  static boolean equal(Object a, Object b, Runtime rt) {
    return equal(a, b, rt, 0);
  }

  private static boolean equal(Object a, Object b, Runtime rt, int depth) {
    rt.step();
    if (a == b && !(a instanceof Double)) {
      return true;
    }
    Runtime.nesting(depth);
    if (Types.isText(a)) {
      if (!Types.isText(b)) {
        return false;
      }
      rt.work(Types.text(a).length());
      return Types.text(a).equals(Types.text(b));
    }
    if (Types.isNumber(a)) {
      return Types.isNumber(b) && sameNumber(a, b);
    }
    return switch (a) {
      case PyList l -> b instanceof PyList m && items(l.items, m.items, rt, depth);
      case PyTuple l -> b instanceof PyTuple m && items(l.items, m.items, rt, depth);
      case PyDict d -> b instanceof PyDict e && dicts(d, e, rt, depth);
      case Undefined u -> b instanceof Undefined;
      case PyRange r ->
          b instanceof PyRange s
              && r.size() == s.size()
              && (r.size() == 0
                  || (r.start() == s.start() && (r.size() == 1 || r.step() == s.step())));
      case PyBytes x -> b instanceof PyBytes y && java.util.Arrays.equals(x.bytes, y.bytes);
      case PyView v
          when b instanceof PyView w
              && v.kind() != PyView.Kind.VALUES
              && w.kind() != PyView.Kind.VALUES ->
          v.dict().size() == w.dict().size() && contained(v.list(), w, rt);
      default -> false;
    };
  }

  private static boolean contained(List<Object> items, PyView in, Runtime rt) {
    for (Object o : items) {
      if (!contains(in, o, rt)) {
        return false;
      }
    }
    return true;
  }

  private static boolean items(List<Object> a, List<Object> b, Runtime rt, int depth) {
    if (a.size() != b.size()) {
      return false;
    }
    for (int i = 0; i < a.size(); i++) {
      if (a.get(i) != b.get(i) && !equal(a.get(i), b.get(i), rt, depth + 1)) {
        return false;
      }
    }
    return true;
  }

  private static boolean dicts(PyDict a, PyDict b, Runtime rt, int depth) {
    if (a.size() != b.size()) {
      return false;
    }
    for (Map.Entry<Object, Object> e : a.entries()) {
      Object other = b.get(a.original(e.getKey()));
      if (other == null || (other != e.getValue() && !equal(e.getValue(), other, rt, depth + 1))) {
        return false;
      }
    }
    return true;
  }

  private static boolean sameNumber(Object a, Object b) {
    if (a instanceof Double x && (x.isNaN() || x.isInfinite())) {
      return b instanceof Double y && x.doubleValue() == y;
    }
    if (b instanceof Double y && (y.isNaN() || y.isInfinite())) {
      return false;
    }
    return number(a, b) == 0;
  }

  /** Orders two numbers, none of them NaN. */
  static int number(Object a, Object b) {
    if (a instanceof Long x && b instanceof Long y) {
      return Long.compare(x, y);
    }
    if (a instanceof Double x && b instanceof Double y) {
      return x < y ? -1 : x > y ? 1 : 0;
    }
    if (a instanceof Double x && x.isInfinite()) {
      return x > 0 ? 1 : -1;
    }
    if (b instanceof Double y && y.isInfinite()) {
      return y > 0 ? -1 : 1;
    }
    return decimal(a).compareTo(decimal(b));
  }

  private static BigDecimal decimal(Object n) {
    return n instanceof Double d ? new BigDecimal(d) : new BigDecimal(Num.big(n));
  }

  /** {@code a OPERATOR b} for one of {@code < <= > >=}. */
  static boolean order(String operator, Object a, Object b, Runtime rt) {
    return order(operator, a, b, rt, 0);
  }

  private static boolean order(String operator, Object a, Object b, Runtime rt, int depth) {
    rt.step();
    Runtime.nesting(depth);
    Undefined.refuse(a, b);
    int c;
    if (Types.isNumber(a) && Types.isNumber(b)) {
      if ((a instanceof Double x && x.isNaN()) || (b instanceof Double y && y.isNaN())) {
        return false;
      }
      c = number(a, b);
    } else if (Types.isText(a) && Types.isText(b)) {
      String x = Types.text(a);
      String y = Types.text(b);
      rt.work(Math.min(x.length(), y.length()));
      c = Str.compare(x, y);
    } else if ((a instanceof PyList && b instanceof PyList)
        || (a instanceof PyTuple && b instanceof PyTuple)) {
      List<Object> x = ((Seq) a).items;
      List<Object> y = ((Seq) b).items;
      for (int i = 0; i < Math.min(x.size(), y.size()); i++) {
        if (x.get(i) != y.get(i) && !equal(x.get(i), y.get(i), rt, depth + 1)) {
          return order(operator, x.get(i), y.get(i), rt, depth + 1);
        }
      }
      c = Integer.compare(x.size(), y.size());
    } else {
      throw JinjaException.type(
          Repr.quote(operator)
              + " not supported between instances of "
              + Repr.quote(Types.name(a))
              + " and "
              + Repr.quote(Types.name(b)));
    }
    return switch (operator) {
      case "<" -> c < 0;
      case "<=" -> c <= 0;
      case ">" -> c > 0;
      default -> c >= 0;
    };
  }

  /** {@code item in container}. */
  static boolean contains(Object container, Object item, Runtime rt) {
    switch (container) {
      case PyDict d -> {
        return d.has(item);
      }
      case PyView v when v.kind() == PyView.Kind.KEYS -> {
        return v.dict().has(item);
      }
      case PyRange r when item instanceof Long n -> {
        rt.work(r.size());
        long offset = n - r.start();
        return offset % r.step() == 0 && offset / r.step() >= 0 && offset / r.step() < r.size();
      }
      default -> {}
    }
    if (Types.isText(container)) {
      if (!Types.isText(item)) {
        throw JinjaException.type(
            "'in <string>' requires string as left operand, not " + Types.name(item));
      }
      rt.work(Types.text(container).length());
      return Str.find(Types.text(container), Types.text(item), rt) >= 0;
    }
    Iterator<Object> i = Iters.tryIterate(container);
    if (i == null) {
      throw JinjaException.type(
          "argument of type " + Repr.quote(Types.name(container)) + " is not iterable");
    }
    while (i.hasNext()) {
      Object o = i.next();
      if (o == item || equal(o, item, rt)) {
        return true;
      }
    }
    return false;
  }

  /** A comparator by {@code <}, for sorting. */
  static int compare(Object a, Object b, Runtime rt) {
    return order("<", a, b, rt) ? -1 : order("<", b, a, rt) ? 1 : 0;
  }

  static boolean isNegative(Object n) {
    return n instanceof BigInteger b ? b.signum() < 0 : Num.toDouble(n) < 0;
  }
}
