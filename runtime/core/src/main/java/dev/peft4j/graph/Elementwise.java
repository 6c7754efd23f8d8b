package dev.peft4j.graph;

import dev.peft4j.data.Shape;
import org.jspecify.annotations.Nullable;

/**
 * An operation that computes each element of its result from the corresponding elements of its
 * inputs, which broadcast against each other by NumPy's rule. It is defined by one {@link Scalar}
 * expression, from which its gradient is derived and every backend makes its kernel.
 */
public final class Elementwise implements Op {
  private final String name;
  private final int arity;
  private final Scalar expression;
  private final int hash;
  private final @Nullable Elementwise[] gradients;

  /**
   * Creates an element-wise op.
   *
   * @param name the name in messages and profiles
   * @param arity number of inputs
   * @param expression the result from inputs 0 … arity-1
   */
  public Elementwise(String name, int arity, Scalar expression) {
    this.name = name;
    this.arity = arity;
    this.expression = expression;
    this.hash = expression.hashCode() * 31 + arity;
    this.gradients = new @Nullable Elementwise[arity];
  }

  /** Returns the returns the result as a function of the inputs. */
  public Scalar expression() {
    return expression;
  }

  /** Returns the returns the number of inputs. */
  public int arity() {
    return arity;
  }

  /** Returns whether this multiplies its only input by a constant. */
  public boolean isFactor() {
    return arity == 1
        && expression instanceof Scalar.Binary b
        && b.fn() == Scalar.Fn2.MUL
        && (b.a() instanceof Scalar.Const || b.b() instanceof Scalar.Const)
        && (b.a() instanceof Scalar.Input || b.b() instanceof Scalar.Input);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Shape shape(Node[] inputs) {
    Shape s = Shape.SCALAR;
    for (int i = 0; i < inputs.length; i++) {
      s = i == 0 ? inputs[i].shape() : Shape.broadcast(name, s, inputs[i].shape());
    }
    return s;
  }

  @Override
  public long flops(Shape[] inputs, Shape output) {
    return output.elements() * operations(expression);
  }

  private static long operations(Scalar s) {
    return switch (s) {
      case Scalar.Input i -> 0;
      case Scalar.Const c -> 0;
      case Scalar.Unary u -> 1 + operations(u.x());
      case Scalar.Binary b -> 1 + operations(b.a()) + operations(b.b());
      case Scalar.Select c -> 1 + operations(c.condition()) + operations(c.a()) + operations(c.b());
    };
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    @Nullable Node[] grads = new @Nullable Node[arity];
    for (int i = 0; i < arity; i++) {
      if (!out.input(i).requiresGrad()) {
        continue;
      }
      Elementwise derived = derived(i);
      if (derived.expression.isConstant(0)) {
        grads[i] = flows(expression, i) ? BroadcastTo.zeros(out.input(i).shape()) : null;
        continue;
      }
      Node[] inputs = new Node[arity + 1];
      System.arraycopy(out.inputs(), 0, inputs, 0, arity);
      inputs[arity] = dOut;
      grads[i] = SumTo.of(derived.applyTrimmed(inputs), out.input(i).shape());
    }
    return grads;
  }

  /**
   * Returns whether the value depends on that of input {@code i}, possibly with derivative 0, as of
   * x⁰. Conditions (a comparison, the condition of a selection) have no gradient at all.
   */
  private static boolean flows(Scalar s, int i) {
    return switch (s) {
      case Scalar.Input x -> x.index() == i;
      case Scalar.Const c -> false;
      case Scalar.Unary u -> flows(u.x(), i);
      case Scalar.Select c -> flows(c.a(), i) || flows(c.b(), i);
      case Scalar.Binary b ->
          switch (b.fn()) {
            case GT, GE, EQ -> false;
            default -> flows(b.a(), i) || flows(b.b(), i);
          };
    };
  }

  /** Returns dOut · ∂expression/∂input i; input number {@code arity} is dOut. */
  private Elementwise derived(int i) {
    Elementwise e = gradients[i];
    if (e == null) {
      Scalar d = chain(Scalar.input(arity), expression.derivative(i));
      e = new Elementwise(name + "-gradient", arity + 1, d);
      gradients[i] = e;
    }
    return e;
  }

  /**
   * Returns dOut · d, inside the branches of a selection: what was not selected gets 0 even if dOut
   * is infinite or NaN, as in torch.
   */
  private static Scalar chain(Scalar dOut, Scalar d) {
    return d instanceof Scalar.Select s
        ? Scalar.select(s.condition(), chain(dOut, s.a()), chain(dOut, s.b()))
        : dOut.mul(d);
  }

  /**
   * Applies this to those {@code inputs} that the expression uses; the last one determines the
   * shape.
   */
  private Node applyTrimmed(Node[] inputs) {
    boolean[] used = new boolean[arity];
    mark(expression, used);
    Scalar[] renumbered = new Scalar[arity];
    Node[] kept = new Node[arity];
    int n = 0;
    for (int i = 0; i < arity; i++) {
      if (used[i]) {
        kept[n] = inputs[i];
        renumbered[i] = Scalar.input(n++);
      }
    }
    if (n == 1 && expression.equals(Scalar.input(arity - 1))) {
      return inputs[arity - 1];
    }
    if (n == arity) {
      return Node.of(this, inputs);
    }
    Elementwise op = trimmed;
    if (op == null) {
      op = new Elementwise(name, n, expression.substitute(renumbered));
      trimmed = op;
    }
    return Node.of(op, java.util.Arrays.copyOf(kept, n));
  }

  private @Nullable Elementwise trimmed;

  private static void mark(Scalar s, boolean[] used) {
    switch (s) {
      case Scalar.Input i -> used[i.index()] = true;
      case Scalar.Const c -> {}
      case Scalar.Unary u -> mark(u.x(), used);
      case Scalar.Binary b -> {
        mark(b.a(), used);
        mark(b.b(), used);
      }
      case Scalar.Select c -> {
        mark(c.condition(), used);
        mark(c.a(), used);
        mark(c.b(), used);
      }
    }
  }

  /** Drops explicit broadcasting, which is part of every element-wise op. */
  @Override
  public @Nullable Node simplify(Node[] inputs) {
    Node[] direct = null;
    for (int i = 0; i < inputs.length; i++) {
      if (inputs[i].op() instanceof BroadcastTo) {
        direct = direct == null ? inputs.clone() : direct;
        direct[i] = inputs[i].input(0);
      }
    }
    return direct != null && shape(direct).equals(shape(inputs))
        ? Node.of(this, direct)
        : unpad(inputs);
  }

  /** Adds zeros to the result instead of the inputs where they make it zero (mostly gradients). */
  private @Nullable Node unpad(Node[] inputs) {
    Padding padding = null;
    boolean[] padded = new boolean[arity];
    Shape out = shape(inputs);
    for (int i = 0; i < arity; i++) {
      if (inputs[i].op() instanceof Padding p && inputs[i].shape().equals(out)) {
        if (padding != null && !padding.equals(p)) {
          return null;
        }
        padding = p;
        padded[i] = true;
      }
    }
    if (padding == null || !vanishes(expression, padded)) {
      return null;
    }
    Node[] inner = new Node[arity];
    for (int i = 0; i < arity; i++) {
      inner[i] =
          padded[i]
              ? inputs[i].input(0)
              : padding.unpadded(inputs[i], ownAxis(inputs[i], out, padding.axis()));
    }
    return padding.padded(Node.of(this, inner));
  }

  /** Returns whether the expression is zero wherever those inputs are. */
  private static boolean vanishes(Scalar s, boolean[] zero) {
    return switch (s) {
      case Scalar.Input i -> zero[i.index()];
      case Scalar.Const c -> c.value() == 0;
      case Scalar.Unary u -> u.fn() == Scalar.Fn1.NEG && vanishes(u.x(), zero);
      case Scalar.Select c -> vanishes(c.a(), zero) && vanishes(c.b(), zero);
      case Scalar.Binary b ->
          switch (b.fn()) {
            case MUL -> vanishes(b.a(), zero) || vanishes(b.b(), zero);
            case ADD, SUB -> vanishes(b.a(), zero) && vanishes(b.b(), zero);
            default -> false;
          };
    };
  }

  /**
   * Returns an input's axis for an axis of the result, or -1 where it is repeated along it: where
   * it has none, or its size there is not the result's (so it is 1, and fits a part of any size).
   * Where the sizes agree, 1 and 1 or 0 and 0 as well, it is not repeated.
   */
  private static int ownAxis(Node input, Shape out, int axis) {
    int own = axis - (out.rank() - input.shape().rank());
    return own < 0 || input.shape().dim(own) != out.dim(axis) ? -1 : own;
  }

  @Override
  public int @Nullable [] partAxes(Node[] inputs, Shape out, int axis) {
    int[] axes = new int[arity];
    for (int i = 0; i < arity; i++) {
      axes[i] = ownAxis(inputs[i], out, axis);
    }
    return axes;
  }

  @Override
  public boolean isCheap() {
    return true;
  }

  @Override
  public boolean mayOverwrite(int i, Shape input, Shape output) {
    return input.equals(output);
  }

  @Override
  public boolean equals(Object o) {
    return this == o
        || o instanceof Elementwise e
            && hash == e.hash
            && arity == e.arity
            && expression.equals(e.expression);
  }

  @Override
  public int hashCode() {
    return hash;
  }

  @Override
  public String toString() {
    return name;
  }
}
