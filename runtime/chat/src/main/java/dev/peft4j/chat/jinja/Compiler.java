package dev.peft4j.chat.jinja;

import dev.peft4j.chat.jinja.Node.Expr;
import dev.peft4j.chat.jinja.Node.Name;
import dev.peft4j.chat.jinja.Node.Stmt;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes code of statements. */
final class Compiler extends ExprCompiler {
  private final Functions functions = new Functions(this);
  private final Loops loops = new Loops(this);
  final Map<String, Callable> blocks = new HashMap<>();
  private int buffers;

  private Compiler(Source source) {
    super(source);
  }

  /** A template that is ready to run. */
  record Program(Scope.Function function, Step body) {}

  static Program compile(Source source) {
    Compiler c = new Compiler(source);
    List<Stmt> body = Parser.parse(source);
    Scope root = Scope.root();
    return new Program(root.function(), c.page(body, root, null));
  }

  /** The code of the template, or of a block: what stands at no other place's disposal. */
  Step page(List<Stmt> body, Scope scope, @Nullable String block) {
    boolean self = Undeclared.in(body, "self").contains("self");
    boolean parent = block != null && Undeclared.in(body, "super").contains("super");
    if (self) {
      scope.symbols().parameter("self");
    }
    if (parent) {
      scope.symbols().parameter("super");
    }
    scope.symbols().visitAll(body);
    Scope.Entry entry = scope.entry();
    Scope.Place selfPlace = self ? scope.place("self") : null;
    Scope.Place superPlace = parent ? scope.place("super") : null;
    Step steps = body(body, scope);
    return (f, out) -> {
      if (selfPlace != null) {
        f.set(selfPlace.hops(), selfPlace.slot(), new Globals.Blocks(blocks));
      }
      if (superPlace != null) {
        f.set(
            superPlace.hops(),
            superPlace.slot(),
            Undefined.hint(
                "there is no parent block called " + Repr.quote(String.valueOf(block)) + "."));
      }
      entry.enter(f);
      return steps.run(f, out);
    };
  }

  Step body(List<Stmt> body, Scope scope) {
    List<Step> steps = new ArrayList<>(body.size());
    for (Stmt s : body) {
      steps.add(located(s, compile(s, scope)));
    }
    return Step.of(steps);
  }

  private Step located(Stmt s, Step step) {
    int line = source.line(s.position());
    int column = source.column(s.position());
    return (f, out) -> {
      f.rt.step();
      try {
        return step.run(f, out);
      } catch (JinjaException e) {
        throw e.at(line, column);
      }
    };
  }

  private Step compile(Stmt stmt, Scope s) {
    return switch (stmt) {
      case Node.Output o -> output(o, s);
      case Node.For l -> loops.loop(l, s);
      case Node.If i -> condition(i, s.softly());
      case Node.With w -> with(w, s);
      case Node.Assign a -> assign(a, s);
      case Node.AssignBlock a -> assignBlock(a, s);
      case Node.MacroDef m -> functions.macro(m, s);
      case Node.CallBlock c -> functions.callBlock(c, s);
      case Node.FilterBlock b -> filterBlock(b, s);
      case Node.Block b -> functions.block(b, s);
      case Node.AutoEscape a -> autoEscape(a, s);
      case Node.Load l ->
          (f, out) -> {
            throw JinjaException.type("no loader for this environment specified");
          };
      case Node.Jump j -> {
        if (!s.loop()) {
          throw source.error(
              j.isBreak() ? "'break' outside loop" : "'continue' not properly in loop",
              j.position());
        }
        int how = j.isBreak() ? Step.BREAK : Step.CONTINUE;
        yield (f, out) -> how;
      }
    };
  }

  private Step output(Node.Output o, Scope s) {
    List<Step> steps = new ArrayList<>();
    for (Expr e : o.items()) {
      if (e instanceof Node.Data d) {
        String text = d.text();
        steps.add((f, out) -> write(text, f, out));
      } else {
        lenient = constant(e);
        Code code = at(e.position(), compile(e, s));
        lenient = false;
        steps.add(
            (f, out) -> {
              Object value = code.eval(f);
              return write(
                  f.rt.autoescape ? Markup.escape(value, f.rt) : Repr.str(value, f.rt), f, out);
            });
      }
    }
    return Step.of(steps);
  }

  static int write(String text, Frame f, StringBuilder out) {
    f.rt.reserve(text.length());
    out.append(text);
    return Step.NEXT;
  }

  private Step condition(Node.If node, Scope s) {
    List<Code> tests = new ArrayList<>();
    List<Step> bodies = new ArrayList<>();
    tests.add(compile(node.test(), s));
    bodies.add(body(node.body(), s));
    for (Node.If e : node.elifs()) {
      tests.add(at(e.position(), compile(e.test(), s)));
      bodies.add(body(e.body(), s));
    }
    Step otherwise = body(node.otherwise(), s);
    return (f, out) -> {
      for (int i = 0; i < tests.size(); i++) {
        if (Types.truth(tests.get(i).eval(f))) {
          return bodies.get(i).run(f, out);
        }
      }
      return otherwise.run(f, out);
    };
  }

  /** Something that takes a value: a variable, an attribute of a namespace, several of them. */
  interface Target {
    void set(Frame f, Object value);
  }

  Target target(Expr target, Scope s) {
    return switch (target) {
      case Name n -> {
        Scope.Place p = s.place(n.name());
        yield (f, value) -> f.set(p.hops(), p.slot(), value);
      }
      case Node.NamespaceRef n -> {
        Code space = compile(n, s);
        String name = n.attribute();
        yield (f, value) -> {
          f.rt.reserveEntries(2);
          namespace(space.eval(f)).attributes.put(name, value);
        };
      }
      case Node.TupleExpr t -> {
        List<Target> all = t.items().stream().map(i -> target(i, s)).toList();
        yield (f, value) -> {
          List<Object> values = Iters.unpack(value, all.size(), f.rt);
          for (int i = 0; i < all.size(); i++) {
            all.get(i).set(f, values.get(i));
          }
        };
      }
      default -> throw source.error("can't assign to this", target.position());
    };
  }

  private static Namespace namespace(Object value) {
    if (value instanceof Namespace n) {
      return n;
    }
    throw new JinjaException(
        "TemplateRuntimeError", "cannot assign attribute on non-namespace object");
  }

  static void names(Expr target, List<String> plain, List<Node.NamespaceRef> spaces) {
    switch (target) {
      case Name n -> plain.add(n.name());
      case Node.NamespaceRef n -> spaces.add(n);
      default -> Symbols.children(target).forEach(c -> names(c, plain, spaces));
    }
  }

  /**
   * What makes the names in {@code target} visible to macros and blocks, where they are set outside
   * of all scopes.
   */
  private Target exported(Expr target, Scope s) {
    Target set = target(target, s);
    List<String> names = new ArrayList<>();
    names(target, names, new ArrayList<>());
    if (!s.top() || names.isEmpty()) {
      return set;
    }
    List<Scope.Place> places = names.stream().map(s::place).toList();
    return (f, value) -> {
      set.set(f, value);
      for (int i = 0; i < names.size(); i++) {
        Object now = f.get(places.get(i).hops(), places.get(i).slot());
        if (now != null) {
          f.rt.vars.put(names.get(i), now);
        }
      }
    };
  }

  private Step assign(Node.Assign a, Scope s) {
    List<Node.NamespaceRef> refs = new ArrayList<>();
    names(a.target(), new ArrayList<>(), refs);
    List<Code> spaces = refs.stream().map(r -> compile(r, s)).toList();
    Code value = compile(a.value(), s);
    Target target = exported(a.target(), s);
    return (f, out) -> {
      for (Code c : spaces) {
        namespace(c.eval(f));
      }
      target.set(f, value.eval(f));
      return Step.NEXT;
    };
  }

  /** Code for a chain of filters behind the text in {@code buffer}. */
  private Code filtered(Expr filter, Scope s, Code buffer) {
    if (!(filter instanceof Node.Apply a)) {
      throw source.error("expected a filter", filter.position());
    }
    return apply(a, s, a.value() == null ? buffer : filtered(a.value(), s, buffer));
  }

  private Step assignBlock(Node.AssignBlock a, Scope s) {
    Scope inner = s.inner();
    inner.symbols().visitAll(a.body());
    Scope.Entry entry = inner.entry();
    Step body = body(a.body(), inner);
    Buffer buffer = buffer(inner, a.filter());
    Target target = exported(a.target(), s);
    return (f, out) -> {
      entry.enter(f);
      StringBuilder text = new StringBuilder();
      int how = body.run(f, text);
      if (how != Step.NEXT) {
        return how;
      }
      Object value = buffer.value(f, text);
      target.set(
          f,
          f.rt.autoescape && !(value instanceof Markup)
              ? new Markup(Repr.str(value, f.rt))
              : value);
      entry.leave(f);
      return Step.NEXT;
    };
  }

  /** The text of a block, behind filters if there are any. */
  private interface Buffer {
    Object value(Frame f, StringBuilder text);
  }

  private Buffer buffer(Scope s, @Nullable Expr filter) {
    if (filter == null) {
      return (f, text) -> text.toString();
    }
    Scope.Place p = s.function().place("buffer " + buffers++);
    Code code =
        filtered(filter, s, f -> java.util.Objects.requireNonNull(f.get(p.hops(), p.slot())));
    return (f, text) -> {
      f.set(p.hops(), p.slot(), f.rt.autoescape ? new Markup(text.toString()) : text.toString());
      return code.eval(f);
    };
  }

  /** What a block wrote: Python joins nothing else. */
  static String text(Object value) {
    if (!Types.isText(value)) {
      throw JinjaException.type(
          "sequence item 0: expected str instance, " + Types.name(value) + " found");
    }
    return Types.text(value);
  }

  private Step filterBlock(Node.FilterBlock b, Scope s) {
    Scope inner = s.inner();
    inner.symbols().visitAll(b.body());
    inner.symbols().visit(b.filter());
    Scope.Entry entry = inner.entry();
    Step body = body(b.body(), inner);
    Buffer buffer = buffer(inner, b.filter());
    return (f, out) -> {
      entry.enter(f);
      StringBuilder text = new StringBuilder();
      int how = body.run(f, text);
      if (how != Step.NEXT) {
        return how;
      }
      write(text(buffer.value(f, text)), f, out);
      entry.leave(f);
      return Step.NEXT;
    };
  }

  private Step with(Node.With w, Scope s) {
    Scope inner = s.inner();
    inner.symbols().visitAll(w.targets());
    inner.symbols().visitAll(w.body());
    Scope.Entry entry = inner.entry();
    List<Target> targets = w.targets().stream().map(t -> target(t, inner)).toList();
    Code[] values = all(w.values(), s);
    Step body = body(w.body(), inner);
    return (f, out) -> {
      entry.enter(f);
      for (int i = 0; i < values.length; i++) {
        targets.get(i).set(f, values[i].eval(f));
      }
      int how = body.run(f, out);
      entry.leave(f);
      return how;
    };
  }

  private Step autoEscape(Node.AutoEscape a, Scope s) {
    Scope inner = s.inner();
    inner.symbols().visit(a.value());
    inner.symbols().visitAll(a.body());
    Scope.Entry entry = inner.entry();
    Code on = compile(a.value(), inner);
    Step body = body(a.body(), inner);
    return (f, out) -> {
      entry.enter(f);
      boolean before = f.rt.autoescape;
      f.rt.autoescape = Types.truth(on.eval(f));
      int how = body.run(f, out);
      f.rt.autoescape = before;
      entry.leave(f);
      return how;
    };
  }
}
