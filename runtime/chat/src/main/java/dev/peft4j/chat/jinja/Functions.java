package dev.peft4j.chat.jinja;

import dev.peft4j.chat.jinja.Node.Expr;
import dev.peft4j.chat.jinja.Node.Name;
import dev.peft4j.chat.jinja.Node.Stmt;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes code of what is called: macros, call blocks, blocks. */
final class Functions {
  /** How many levels a call counts. */
  static final int LEVELS = 10;

  private final Compiler compiler;

  Functions(Compiler compiler) {
    this.compiler = compiler;
  }

  /** Makes a macro, when the statement that defines it runs. */
  private interface Maker {
    Macro make(Frame f);
  }

  private Maker maker(
      @Nullable String name,
      List<Name> parameters,
      List<Expr> defaults,
      List<Stmt> body,
      int position,
      Scope s) {
    Scope in = s.innerFunction();
    parameters.forEach(p -> in.symbols().parameter(p.name()));
    List<String> names = parameters.stream().map(Name::name).toList();
    List<String> variables = new ArrayList<>(names);
    Set<String> undeclared = Undeclared.in(body, "caller", "kwargs", "varargs");
    boolean caller = undeclared.contains("caller");
    if (caller
        && names.contains("caller")
        && names.indexOf("caller") < names.size() - defaults.size()) {
      throw compiler.source.error(
          "When defining macros or call blocks the special \"caller\" argument must be omitted or"
              + " be given a default.",
          position);
    }
    if (caller && !names.contains("caller")) {
      variables.add("caller");
    }
    boolean kwargs = undeclared.contains("kwargs") && !names.contains("kwargs");
    boolean varargs = undeclared.contains("varargs") && !names.contains("varargs");
    if (kwargs) {
      variables.add("kwargs");
    }
    if (varargs) {
      variables.add("varargs");
    }
    variables.subList(names.size(), variables.size()).forEach(in.symbols()::parameter);
    in.symbols().visitAll(defaults);
    in.symbols().visitAll(body);
    Scope.Entry entry = in.entry();
    List<Scope.Place> places = variables.stream().map(in::place).toList();
    List<Code> otherwise = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      int d = i - (names.size() - defaults.size());
      String parameter = names.get(i);
      otherwise.add(
          d < 0
              ? f -> Undefined.hint("parameter " + Repr.quote(parameter) + " was not provided")
              : compiler.compile(defaults.get(d), in));
    }
    Step code = compiler.body(body, in);
    // Where caller has a default, it is one of the parameters.
    Macro.Signature signature = new Macro.Signature(name, names, caller, kwargs, varargs);
    return f ->
        new Macro(
            signature,
            (rt, arguments) -> {
              rt.enter(LEVELS);
              Frame inner = new Frame(rt, f, in.function().size());
              for (int i = 0; i < places.size(); i++) {
                inner.set(0, places.get(i).slot(), arguments.get(i));
              }
              entry.enter(inner);
              for (int i = 0; i < otherwise.size(); i++) {
                if (inner.get(0, places.get(i).slot()) == null) {
                  inner.set(0, places.get(i).slot(), otherwise.get(i).eval(inner));
                }
              }
              StringBuilder out = new StringBuilder();
              code.run(inner, out);
              rt.leave(LEVELS);
              return out.toString();
            });
  }

  Step macro(Node.MacroDef m, Scope s) {
    Maker maker = maker(m.name(), m.parameters(), m.defaults(), m.body(), m.position(), s);
    Scope.Place place = s.place(m.name());
    boolean top = s.top();
    String name = m.name();
    return (f, out) -> {
      Macro macro = maker.make(f);
      f.set(place.hops(), place.slot(), macro);
      if (top) {
        f.rt.vars.put(name, macro);
      }
      return Step.NEXT;
    };
  }

  Step callBlock(Node.CallBlock c, Scope s) {
    Maker maker = maker(null, c.parameters(), c.defaults(), c.body(), c.position(), s);
    Node.Call call = c.call();
    if (call == null) {
      return (f, out) -> {
        Object value = maker.make(f).call(f.rt, Args.NONE);
        String text = Repr.str(value, f.rt);
        int start = f.rt.root.length();
        f.rt.generations.add(new int[] {start, start + text.length()});
        return Compiler.write(text, f, out);
      };
    }
    if (call.arguments().names().contains("caller")) {
      throw compiler.source.error("keyword argument repeated: caller", c.position());
    }
    Code code = compiler.call(call, s, maker::make);
    return (f, out) -> {
      Object value = code.eval(f);
      return Compiler.write(Compiler.text(value), f, out);
    };
  }

  Step block(Node.Block b, Scope s) {
    if (compiler.blocks.containsKey(b.name())) {
      throw new JinjaException(
          "TemplateAssertionError",
          "block " + Repr.quote(b.name()) + " defined twice",
          compiler.source.line(b.position()),
          compiler.source.column(b.position()));
    }
    Scope in =
        new Scope(new Symbols((Symbols) null), new Scope.Function(null), false, false, false);
    compiler.blocks.put(b.name(), new Globals.Function(b.name(), (rt, a) -> None.NONE));
    Step body = compiler.page(b.body(), in, b.name());
    compiler.blocks.put(
        b.name(),
        new Globals.Function(
            b.name(),
            (rt, a) -> {
              StringBuilder out = new StringBuilder();
              run(body, in, rt, out);
              return rt.autoescape ? new Markup(out.toString()) : out.toString();
            }));
    if (b.required()) {
      String message = "Required block " + Repr.quote(b.name()) + " not found";
      return (f, out) -> {
        throw new JinjaException("TemplateRuntimeError", message);
      };
    }
    Map<String, Scope.Place> locals = new HashMap<>();
    if (b.scoped()) {
      s.symbols()
          .allStores()
          .forEach((name, variable) -> locals.put(name, s.function().place(variable)));
    }
    return (f, out) -> {
      if (!b.scoped()) {
        return run(body, in, f.rt, out);
      }
      Map<String, Object> visible = new HashMap<>(f.rt.parent);
      visible.putAll(f.rt.vars);
      locals.forEach(
          (name, p) -> {
            Object value = f.get(p.hops(), p.slot());
            if (value != null) {
              visible.put(name, value);
            }
          });
      f.rt.reserveEntries(visible.size());
      Map<String, Object> vars = f.rt.vars;
      Map<String, Object> parent = f.rt.parent;
      f.rt.vars = new HashMap<>();
      f.rt.parent = visible;
      int how = run(body, in, f.rt, out);
      f.rt.vars = vars;
      f.rt.parent = parent;
      return how;
    };
  }

  private static int run(Step body, Scope in, Runtime rt, StringBuilder out) {
    rt.enter(LEVELS);
    body.run(new Frame(rt, null, in.function().size()), out);
    rt.leave(LEVELS);
    return Step.NEXT;
  }
}
