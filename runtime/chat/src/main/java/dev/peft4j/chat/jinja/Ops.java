package dev.peft4j.chat.jinja;

import java.util.ArrayList;
import java.util.List;

/** Python's operators. */
final class Ops {
  private Ops() {}

  static Object binary(String operator, Object a, Object b, Runtime rt) {
    rt.step();
    if (operator.equals("%") && Types.isText(a)) {
      String s = Percent.format(Types.text(a), b, a instanceof Markup, rt);
      return a instanceof Markup ? new Markup(s) : s;
    }
    Undefined.refuse(a, b);
    if (Types.isNumber(a) && Types.isNumber(b)) {
      return switch (operator) {
        case "+" -> Num.add(a, b);
        case "-" -> Num.subtract(a, b);
        case "*" -> Num.multiply(a, b);
        case "/" -> Num.divide(a, b);
        case "//" -> Num.floorDivide(a, b);
        case "%" -> Num.mod(a, b);
        default -> Num.power(a, b, rt);
      };
    }
    return switch (operator) {
      case "+" -> add(a, b, rt);
      case "*" -> multiply(a, b, rt);
      default -> throw unsupported(operator, a, b);
    };
  }

  private static Object add(Object a, Object b, Runtime rt) {
    if (Types.isText(a)) {
      if (Types.isText(b)) {
        if (a instanceof Markup || b instanceof Markup) {
          return new Markup(rt.made(Markup.escape(a, rt) + Markup.escape(b, rt)));
        }
        rt.reserve(((String) a).length() + (long) ((String) b).length());
        return (String) a + (String) b;
      }
      if (a instanceof Markup) {
        throw unsupported("+", a, b);
      }
      throw JinjaException.type("can only concatenate str (not \"" + Types.name(b) + "\") to str");
    }
    if (a instanceof Seq x) {
      if ((a instanceof PyList && b instanceof PyList)
          || (a instanceof PyTuple && b instanceof PyTuple)) {
        Seq y = (Seq) b;
        rt.reserveEntries(x.items.size() + (long) y.items.size());
        List<Object> all = new ArrayList<>(x.items.size() + y.items.size());
        all.addAll(x.items);
        all.addAll(y.items);
        return x.like(all);
      }
      String type = a instanceof PyList ? "list" : "tuple";
      throw JinjaException.type(
          "can only concatenate " + type + " (not \"" + Types.name(b) + "\") to " + type);
    }
    throw unsupported("+", a, b);
  }

  private static Object multiply(Object a, Object b, Runtime rt) {
    boolean first = Types.isText(a) || a instanceof Seq;
    Object sequence = first ? a : b;
    Object count = first ? b : a;
    if (!Types.isText(sequence) && !(sequence instanceof Seq)) {
      throw unsupported("*", a, b);
    }
    if (!Types.isInt(count)) {
      throw JinjaException.type(
          "can't multiply sequence by non-int of type " + Repr.quote(Types.name(count)));
    }
    if (count instanceof java.math.BigInteger) {
      throw new JinjaException("OverflowError", "cannot fit 'int' into an index-sized integer");
    }
    int n = Math.max(0, Types.index(count));
    if (sequence instanceof Seq s) {
      rt.reserveEntries(s.items.size() * (long) n);
      List<Object> all = new ArrayList<>(s.items.size() * n);
      for (int i = 0; i < n && !s.items.isEmpty(); i++) {
        all.addAll(s.items);
      }
      return s.like(all);
    }
    String text = Str.repeat(Types.text(sequence), n, rt);
    return sequence instanceof Markup ? new Markup(text) : text;
  }

  private static JinjaException unsupported(String operator, Object a, Object b) {
    return JinjaException.type(
        "unsupported operand type(s) for "
            + (operator.equals("**") ? "** or pow()" : operator)
            + ": "
            + Repr.quote(Types.name(a))
            + " and "
            + Repr.quote(Types.name(b)));
  }

  static Object unary(String operator, Object a) {
    Undefined.refuse(a, null);
    if (!Types.isNumber(a)) {
      throw JinjaException.type(
          "bad operand type for unary " + operator + ": " + Repr.quote(Types.name(a)));
    }
    return operator.equals("-") ? Num.negate(a) : Num.plus(a);
  }

  static boolean compare(String operator, Object a, Object b, Runtime rt) {
    return switch (operator) {
      case "==" -> Compare.equal(a, b, rt);
      case "!=" -> !Compare.equal(a, b, rt);
      case "in" -> Compare.contains(b, a, rt);
      case "not in" -> !Compare.contains(b, a, rt);
      default -> Compare.order(operator, a, b, rt);
    };
  }

  /** {@code value[start:stop:step]}; parts that are absent are None. */
  static Object slice(Object value, Object start, Object stop, Object step, Runtime rt) {
    switch (value) {
      case Undefined u -> throw u.error();
      case PyDict d -> throw JinjaException.type("unhashable type: 'slice'");
      default -> {}
    }
    if (!Types.isText(value) && !(value instanceof Seq) && !(value instanceof PyRange)) {
      throw JinjaException.type(Repr.quote(Types.name(value)) + " object is not subscriptable");
    }
    int length = Types.length(value);
    int by = step == None.NONE ? 1 : sliceIndex(step);
    if (by == 0) {
      throw JinjaException.value("slice step cannot be zero");
    }
    int low = by > 0 ? 0 : -1;
    int high = by > 0 ? length : length - 1;
    int from =
        start == None.NONE ? (by > 0 ? low : high) : bound(sliceIndex(start), length, low, high);
    int to = stop == None.NONE ? (by > 0 ? high : low) : bound(sliceIndex(stop), length, low, high);
    if (value instanceof PyRange r) {
      return new PyRange(r.start() + from * r.step(), r.start() + to * r.step(), r.step() * by);
    }
    if (Types.isText(value)) {
      String s = rt.made(Str.slice(Types.text(value), from, to, by));
      return value instanceof Markup ? new Markup(s) : s;
    }
    List<Object> items = ((Seq) value).items;
    List<Object> part = new ArrayList<>();
    for (long i = from; by > 0 ? i < to : i > to; i += by) {
      rt.reserveEntries(1);
      part.add(items.get((int) i));
    }
    return ((Seq) value).like(part);
  }

  private static int sliceIndex(Object value) {
    if (value instanceof Undefined || !Types.isInt(value)) {
      throw JinjaException.type(
          "slice indices must be integers or None or have an __index__ method");
    }
    return Types.index(value);
  }

  private static int bound(int index, int length, int low, int high) {
    long i = index < 0 ? (long) index + length : index;
    return (int) Math.clamp(i, low, high);
  }
}
