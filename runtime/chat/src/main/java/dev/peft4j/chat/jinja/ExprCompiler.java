package dev.peft4j.chat.jinja;

import dev.peft4j.chat.jinja.Node.Expr;
import dev.peft4j.chat.jinja.Node.Name;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes code of expressions. */
class ExprCompiler {
  // Those that may call others: jinja2 does not compute them ahead.
  private static final Set<String> CONTEXT_FILTERS =
      Set.of("map", "select", "reject", "selectattr", "rejectattr", "random");

  final Source source;

  /** Whether a constant is being compiled that is written as it is. */
  boolean lenient;

  ExprCompiler(Source source) {
    this.source = source;
  }

  final Code compile(Expr e, Scope s) {
    return switch (e) {
      case Node.Const c -> {
        Object value = c.value();
        yield f -> value;
      }
      case Node.Data d -> {
        String text = d.text();
        yield f -> text;
      }
      case Name n -> name(n.name(), s);
      case Node.NamespaceRef n -> name(n.name(), s);
      case Node.TupleExpr t -> {
        Code[] items = all(t.items(), s);
        yield f -> new PyTuple(values(items, f));
      }
      case Node.ListExpr l -> {
        Code[] items = all(l.items(), s);
        yield f -> new PyList(values(items, f));
      }
      case Node.DictExpr d -> dict(d, s);
      case Node.Cond c -> condition(c, s.softly());
      case Node.Logic l -> {
        Code left = compile(l.left(), s);
        Code right = compile(l.right(), s);
        boolean and = l.and();
        yield f -> {
          Object value = left.eval(f);
          return Types.truth(value) == and ? right.eval(f) : value;
        };
      }
      case Node.Not n -> {
        Code value = compile(n.value(), s);
        yield f -> !Types.truth(value.eval(f));
      }
      case Node.Unary u -> {
        Code value = compile(u.value(), s);
        String operator = u.operator();
        yield f -> Ops.unary(operator, value.eval(f));
      }
      case Node.Binary b -> {
        Code left = compile(b.left(), s);
        Code right = compile(b.right(), s);
        String operator = b.operator();
        if (operator.equals("**") && constant(b.left()) && !constant(b.right())) {
          yield f -> power(left.eval(f), right.eval(f), f.rt);
        }
        yield f -> Ops.binary(operator, left.eval(f), right.eval(f), f.rt);
      }
      case Node.Concat c -> concat(c, s);
      case Node.Comparison c -> comparison(c, s);
      case Node.GetAttr g -> {
        Code value = compile(g.value(), s);
        String name = g.name();
        yield f -> Members.attribute(value.eval(f), name, f.rt);
      }
      case Node.GetItem g -> item(g, s);
      case Node.Slice c ->
          throw source.error("a slice stands only in brackets behind a value", c.position());
      case Node.Call c -> call(c, s, null);
      case Node.Apply a -> apply(a, s, a.value() == null ? null : compile(a.value(), s));
    };
  }

  final Code[] all(List<Expr> es, Scope s) {
    return es.stream().map(e -> compile(e, s)).toArray(Code[]::new);
  }

  // jinja2 writes a negative constant as it is into the Python that it makes, where ** goes before
  // the sign.
  private static Object power(Object left, Object right, Runtime rt) {
    boolean negative =
        Types.isNumber(left)
            && (left instanceof Double d ? d < 0 || 1 / d < 0 : Compare.isNegative(left));
    return negative
        ? Ops.unary("-", Ops.binary("**", Num.negate(left), right, rt))
        : Ops.binary("**", left, right, rt);
  }

  private static List<Object> values(Code[] items, Frame f) {
    f.rt.reserveEntries(items.length);
    List<Object> values = new ArrayList<>(items.length);
    for (Code c : items) {
      values.add(c.eval(f));
    }
    return values;
  }

  private Code name(String name, Scope s) {
    Scope.Place p = s.place(name);
    int hops = p.hops();
    int slot = p.slot();
    return f -> {
      Object value = f.get(hops, slot);
      return value == null ? Undefined.name(name) : value;
    };
  }

  private Code dict(Node.DictExpr d, Scope s) {
    Code[] keys = all(d.keys(), s);
    Code[] values = all(d.values(), s);
    return f -> {
      f.rt.reserveEntries(2L * keys.length);
      PyDict dict = new PyDict();
      for (int i = 0; i < keys.length; i++) {
        Object key = keys[i].eval(f);
        dict.put(key, values[i].eval(f));
      }
      return dict;
    };
  }

  private Code condition(Node.Cond c, Scope s) {
    Code test = compile(c.test(), s);
    Code then = compile(c.then(), s);
    Expr other = c.otherwise();
    int line = source.line(c.position());
    Code otherwise =
        other == null
            ? f ->
                Undefined.hint(
                    "the inline if-expression on line "
                        + line
                        + " evaluated to false and no else section was defined.")
            : compile(other, s);
    return f -> Types.truth(test.eval(f)) ? then.eval(f) : otherwise.eval(f);
  }

  private Code concat(Node.Concat c, Scope s) {
    Code[] items = all(c.items(), s);
    return f -> {
      List<Object> values = values(items, f);
      boolean markup = f.rt.autoescape && values.stream().anyMatch(v -> v instanceof Markup);
      StringBuilder out = new StringBuilder();
      for (Object v : values) {
        String text = markup ? Markup.escape(v, f.rt) : Repr.str(v, f.rt);
        f.rt.reserve(text.length());
        out.append(text);
      }
      return markup ? new Markup(out.toString()) : out.toString();
    };
  }

  private Code comparison(Node.Comparison c, Scope s) {
    Code first = compile(c.first(), s);
    Code[] rest = all(c.rest(), s);
    String[] operators = c.operators().toArray(new String[0]);
    return f -> {
      Object left = first.eval(f);
      for (int i = 0; i < rest.length; i++) {
        Object right = rest[i].eval(f);
        if (!Ops.compare(operators[i], left, right, f.rt)) {
          return false;
        }
        left = right;
      }
      return true;
    };
  }

  private Code item(Node.GetItem g, Scope s) {
    Code value = compile(g.value(), s);
    if (g.key() instanceof Node.Slice slice) {
      Code start = part(slice.start(), s);
      Code stop = part(slice.stop(), s);
      Code step = part(slice.step(), s);
      Code plain = f -> Ops.slice(value.eval(f), start.eval(f), stop.eval(f), step.eval(f), f.rt);
      return lenient ? lenient(value, plain) : plain;
    }
    Code key = compile(g.key(), s);
    return f -> Members.item(value.eval(f), key.eval(f), f.rt);
  }

  // jinja2 computes constants ahead, and what cannot be sliced is undefined there, not an error.
  private static Code lenient(Code value, Code slice) {
    return f -> {
      try {
        return slice.eval(f);
      } catch (JinjaException e) {
        if (e.type().equals("TypeError")) {
          return Undefined.hint(Types.name(value.eval(f)) + " object has no element slice");
        }
        throw e;
      }
    };
  }

  static boolean constant(Expr e) {
    return switch (e) {
      case Name n -> false;
      case Node.NamespaceRef n -> false;
      case Node.Call c -> false;
      case Node.Apply a when CONTEXT_FILTERS.contains(a.name()) && !a.test() -> false;
      default -> Symbols.children(e).stream().allMatch(ExprCompiler::constant);
    };
  }

  private Code part(@Nullable Expr e, Scope s) {
    return e == null ? f -> None.NONE : compile(e, s);
  }

  /** A call; {@code caller} is the body of a call block. */
  final Code call(Node.Call c, Scope s, @Nullable Code caller) {
    Code function = compile(c.function(), s);
    ArgumentCode arguments = arguments(c.arguments(), s);
    return at(
        c.position(),
        f -> {
          Object called = function.eval(f);
          Args args = arguments.eval(f, null);
          if (caller != null) {
            Map<String, Object> named = new LinkedHashMap<>(args.named());
            named.put("caller", caller.eval(f));
            args = new Args(args.positional(), named);
          }
          return Members.call(called, args, f.rt);
        });
  }

  /** A filter or a test of {@code value}. */
  final Code apply(Node.Apply a, Scope s, @Nullable Code value) {
    String kind = a.test() ? "test" : "filter";
    boolean known = a.test() ? Tests.get(a.name()) != null : Filters.get(a.name()) != null;
    if (!known && !s.soft()) {
      throw new JinjaException(
          "TemplateAssertionError",
          "No " + kind + " named " + Repr.quote(a.name()) + ".",
          source.line(a.position()),
          source.column(a.position()));
    }
    ArgumentCode arguments = arguments(a.arguments(), s);
    if (value == null) {
      throw source.error("a filter without a value", a.position());
    }
    String name = a.name();
    if (!known) {
      return at(
          a.position(),
          f -> {
            throw new JinjaException(
                "TemplateRuntimeError", "No " + kind + " named " + Repr.quote(name) + " found.");
          });
    }
    if (a.test()) {
      Tests.Test test = java.util.Objects.requireNonNull(Tests.get(name));
      return at(
          a.position(),
          f -> {
            f.rt.step();
            return test.of(f.rt, arguments.eval(f, value.eval(f)));
          });
    }
    Filters.Filter filter = java.util.Objects.requireNonNull(Filters.get(name));
    return at(
        a.position(),
        f -> {
          f.rt.step();
          return filter.apply(f.rt, arguments.eval(f, value.eval(f)));
        });
  }

  /** {@code code}, whose errors say where it is. */
  final Code at(int position, Code code) {
    int line = source.line(position);
    int column = source.column(position);
    return f -> {
      try {
        return code.eval(f);
      } catch (JinjaException e) {
        throw e.at(line, column);
      }
    };
  }

  /** Arguments that are ready to be evaluated, behind a first one. */
  interface ArgumentCode {
    Args eval(Frame f, @Nullable Object first);
  }

  private ArgumentCode arguments(Node.Arguments a, Scope s) {
    Code[] positional = all(a.positional(), s);
    Code[] named = all(a.named(), s);
    String[] names = a.names().toArray(new String[0]);
    Code more = a.more() == null ? null : compile(a.more(), s);
    Code moreNamed = a.moreNamed() == null ? null : compile(a.moreNamed(), s);
    return (f, first) -> {
      List<Object> values = new ArrayList<>(positional.length + 1);
      if (first != null) {
        values.add(first);
      }
      for (Code c : positional) {
        values.add(c.eval(f));
      }
      if (more != null) {
        values.addAll(Iters.list(more.eval(f), f.rt));
      }
      if (names.length == 0 && moreNamed == null) {
        return new Args(values, Map.of());
      }
      Map<String, Object> byName = new LinkedHashMap<>();
      for (int i = 0; i < names.length; i++) {
        byName.put(names[i], named[i].eval(f));
      }
      if (moreNamed != null) {
        addNamed(byName, moreNamed.eval(f), f.rt);
      }
      return new Args(values, byName);
    };
  }

  private static void addNamed(Map<String, Object> names, Object more, Runtime rt) {
    if (!(more instanceof PyDict d)) {
      throw JinjaException.type("argument after ** must be a mapping, not " + Types.name(more));
    }
    ListFilters.names(d, "", rt)
        .forEach(
            (name, value) -> {
              if (names.put(name, value) != null) {
                throw JinjaException.type(
                    "got multiple values for keyword argument " + Repr.quote(name));
              }
            });
  }
}
