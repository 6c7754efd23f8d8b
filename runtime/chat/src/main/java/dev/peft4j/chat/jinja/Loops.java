package dev.peft4j.chat.jinja;

import dev.peft4j.chat.jinja.Node.Expr;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes code of loops. */
final class Loops {
  private final Compiler compiler;

  Loops(Compiler compiler) {
    this.compiler = compiler;
  }

  Step loop(Node.For node, Scope s) {
    if (!node.recursive()) {
      Code items = compiler.compile(node.items(), s);
      Pass pass = pass(node, s);
      return (f, out) -> pass.run(items.eval(f), null, 0, f, out);
    }
    Scope.Function function = new Scope.Function(s.function());
    Code items = compiler.compile(node.items(), s);
    Pass pass = pass(node, new Scope(s.symbols(), function, false, false, false));
    return (f, out) -> {
      Loop.Recursion[] self = new Loop.Recursion[1];
      self[0] =
          (iterable, depth) -> {
            f.rt.enter(Functions.LEVELS);
            StringBuilder text = new StringBuilder();
            pass.run(iterable, self[0], depth, new Frame(f.rt, f, function.size()), text);
            f.rt.leave(Functions.LEVELS);
            return text.toString();
          };
      return Compiler.write(self[0].run(items.eval(f), 0), f, out);
    };
  }

  /** One run of a loop over items. */
  private interface Pass {
    int run(
        Object items, Loop.@Nullable Recursion recursion, int depth, Frame f, StringBuilder out);
  }

  private Pass pass(Node.For node, Scope s) {
    boolean extended =
        node.recursive()
            || Undeclared.in(node.body(), "loop").contains("loop")
            || Undeclared.scopedBlocks(node.body());
    Scope in = s.inner().looping(true);
    if (extended) {
      in.symbols().parameter("loop");
    }
    List<String> names = new ArrayList<>();
    Compiler.names(node.target(), names, new ArrayList<>());
    if (names.contains("loop")) {
      throw compiler.source.error(
          "Can't assign to special loop variable in for-loop target", node.position());
    }
    in.symbols().visit(Parser.parameters(node.target()));
    in.symbols().visitAll(node.body());
    Scope.Entry entry = in.entry();
    Compiler.Target target = compiler.target(node.target(), in);
    Scope.Place loopPlace = extended ? in.place("loop") : null;
    Filtering filter = node.test() == null ? null : filtering(node.target(), node.test(), s);
    Step body = compiler.body(node.body(), in);
    Scope otherScope = s.inner();
    otherScope.symbols().visitAll(node.otherwise());
    Scope.Entry otherEntry = otherScope.entry();
    Step otherwise = compiler.body(node.otherwise(), otherScope);
    return (items, recursion, depth, f, out) -> {
      Object filtered = filter == null ? items : filter.of(items, f);
      Loop loop = loopPlace == null ? null : new Loop(filtered, recursion, depth, f.rt);
      Iterator<Object> i = loop == null ? Iters.iterate(filtered) : null;
      boolean none = true;
      while (loop == null ? java.util.Objects.requireNonNull(i).hasNext() : loop.hasNext()) {
        f.rt.step();
        target.set(f, loop == null ? java.util.Objects.requireNonNull(i).next() : loop.next());
        if (loopPlace != null) {
          f.set(loopPlace.hops(), loopPlace.slot(), loop);
        }
        entry.enter(f);
        int how = body.run(f, out);
        if (how == Step.BREAK) {
          break;
        }
        // As in jinja2: a body that is left early does not count as one that has run.
        none &= how == Step.CONTINUE;
      }
      entry.leave(f);
      int how = Step.NEXT;
      if (none && !node.otherwise().isEmpty()) {
        otherEntry.enter(f);
        how = otherwise.run(f, out);
        otherEntry.leave(f);
      }
      return how;
    };
  }

  /** The condition of a loop: items, and those that it lets through. */
  private interface Filtering {
    PyIter of(Object items, Frame f);
  }

  private Filtering filtering(Expr target, Expr test, Scope s) {
    Scope in = s.innerFunction();
    in.symbols().visit(Parser.parameters(target));
    in.symbols().visit(test);
    Scope.Entry entry = in.entry();
    Compiler.Target set = compiler.target(target, in);
    Code condition = compiler.at(test.position(), compiler.compile(test, in));
    return (items, f) -> {
      Iterator<Object> all = Iters.iterate(items);
      return Filters.lazy(
          () -> {
            Frame inner = new Frame(f.rt, f, in.function().size());
            entry.enter(inner);
            return Filters.through(
                all,
                item -> {
                  set.set(inner, item);
                  return Types.truth(condition.eval(inner)) ? item : null;
                });
          },
          f.rt);
    };
  }
}
