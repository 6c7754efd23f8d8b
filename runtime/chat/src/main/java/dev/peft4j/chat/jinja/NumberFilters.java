package dev.peft4j.chat.jinja;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Filters about numbers. */
final class NumberFilters {
  private NumberFilters() {}

  static void register() {
    Filters.add(
        "abs",
        1,
        (v, a, rt) -> {
          if (!Types.isNumber(v)) {
            throw JinjaException.type("bad operand type for abs(): " + Repr.quote(Types.name(v)));
          }
          return Num.abs(v);
        },
        "x");
    Filters.add("int", 1, NumberFilters::toInt, "value", "default", "base");
    Filters.add(
        "float",
        1,
        (v, a, rt) -> {
          Double d = toFloat(v);
          return d == null ? (a[1] == null ? (Object) 0.0 : a[1]) : d;
        },
        "value",
        "default");
    Filters.add("round", 1, NumberFilters::round, "value", "precision", "method");
    Filters.add("filesizeformat", 1, NumberFilters::fileSize, "value", "binary");
  }

  private static Object toInt(Object v, @Nullable Object[] a, Runtime rt) {
    Object otherwise = a[1] == null ? 0L : a[1];
    Undefined.refuse(v, null);
    if (Types.isText(v)) {
      rt.work(Types.text(v).length());
      Object n = Num.parseInt(Types.text(v), a[2] == null ? 10 : Types.index(a[2]));
      if (n != null) {
        return n;
      }
      Double d = Num.parseFloat(Types.text(v));
      return d == null || d.isInfinite() || d.isNaN() ? otherwise : Num.truncate(d);
    }
    if (v instanceof Double d) {
      return d.isNaN() ? otherwise : Num.truncate(d);
    }
    return Types.isInt(v) ? Num.plus(v) : otherwise;
  }

  private static @Nullable Double toFloat(Object v) {
    Undefined.refuse(v, null);
    return Types.isText(v)
        ? Num.parseFloat(Types.text(v))
        : Types.isNumber(v) ? (Double) Num.toDouble(v) : null;
  }

  private static Object round(Object v, @Nullable Object[] a, Runtime rt) {
    String method = a[2] == null ? "common" : Repr.str(a[2], rt);
    if (!method.equals("common") && !method.equals("ceil") && !method.equals("floor")) {
      throw Filters.argument("method must be common, ceil or floor");
    }
    if (!Types.isNumber(v) && method.equals("common")) {
      throw JinjaException.type("type " + Types.name(v) + " doesn't define __round__ method");
    }
    Object precision = a[1] == null ? 0L : a[1];
    if (method.equals("common")) {
      if (precision == None.NONE) {
        return v instanceof Double d ? Num.truncate(Math.rint(d)) : Num.plus(v);
      }
      return Num.round(v, Types.index(precision));
    }
    Object scale = Num.power(10L, precision, rt);
    Object scaled = Ops.binary("*", v, scale, rt);
    if (!Types.isNumber(scaled)) {
      throw JinjaException.type("must be real number, not " + Types.name(scaled));
    }
    Object whole =
        scaled instanceof Double d
            ? Num.truncate(method.equals("ceil") ? Math.ceil(d) : Math.floor(d))
            : scaled;
    return Num.divide(whole, scale);
  }

  private static Object fileSize(Object v, @Nullable Object[] a, Runtime rt) {
    Double d = toFloat(v);
    if (d == null) {
      if (!Types.isText(v)) {
        throw JinjaException.type(
            "float() argument must be a string or a real number, not " + Repr.quote(Types.name(v)));
      }
      throw JinjaException.value("could not convert string to float: " + Repr.repr(v, rt));
    }
    boolean binary = Filters.flag(a[1]);
    double base = binary ? 1024 : 1000;
    if (d == 1) {
      return "1 Byte";
    }
    if (d < base) {
      return Repr.str(Num.truncate(d), rt) + " Bytes";
    }
    String prefixes = "kMGTPEZY";
    double unit = base;
    for (int i = 0; i < prefixes.length(); i++) {
      unit = Math.pow(base, i + 2);
      if (d < unit || i + 1 == prefixes.length()) {
        char p = i == 0 && binary ? 'K' : prefixes.charAt(i);
        return FloatText.of(base * d / unit, 'f', 1, false, rt) + " " + p + (binary ? "iB" : "B");
      }
    }
    return Objects.toString(unit);
  }
}
