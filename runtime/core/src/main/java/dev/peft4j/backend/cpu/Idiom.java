package dev.peft4j.backend.cpu;

import dev.peft4j.graph.Scalar;
import dev.peft4j.op.Pointwise;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An expression that has a loop of its own, since it is hot and one loop is faster than one for
 * each of its functions.
 *
 * @param op the loop
 * @param pattern what it computes; its inputs stand for any expressions
 * @param arity number of inputs
 */
record Idiom(int op, Scalar pattern, int arity) {
  private static final Scalar GELU = Pointwise.GELU.expression();

  /** All of them. */
  static final List<Idiom> ALL =
      List.of(
          new Idiom(Loops.GELU, GELU, 1),
          new Idiom(Loops.GELU_GRAD, Scalar.input(1).mul(GELU.derivative(0)), 2));

  /** What the inputs stand for if {@code s} is this, else null. */
  Scalar @Nullable [] match(Scalar s) {
    @Nullable Scalar[] bound = new @Nullable Scalar[arity];
    return binds(pattern, s, bound) ? Arrays.copyOf(bound, arity) : null;
  }

  private static boolean binds(Scalar pattern, Scalar s, @Nullable Scalar[] bound) {
    return switch (pattern) {
      case Scalar.Input i -> {
        Scalar before = bound[i.index()];
        bound[i.index()] = s;
        yield before == null || before.equals(s);
      }
      case Scalar.Const c -> c.equals(s);
      case Scalar.Unary u ->
          s instanceof Scalar.Unary v && u.fn() == v.fn() && binds(u.x(), v.x(), bound);
      case Scalar.Binary b ->
          s instanceof Scalar.Binary d
              && b.fn() == d.fn()
              && binds(b.a(), d.a(), bound)
              && binds(b.b(), d.b(), bound);
      case Scalar.Select c ->
          s instanceof Scalar.Select d
              && binds(c.condition(), d.condition(), bound)
              && binds(c.a(), d.a(), bound)
              && binds(c.b(), d.b(), bound);
    };
  }
}
