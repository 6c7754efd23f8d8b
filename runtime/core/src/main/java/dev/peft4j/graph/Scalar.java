package dev.peft4j.graph;

/**
 * A scalar expression of numbered inputs: the definition of an element-wise operation. Backends
 * compile or interpret it; {@link #derivative} differentiates it symbolically, so an element-wise
 * op needs no gradient of its own. Builders fold constants and drop neutral elements.
 */
public sealed interface Scalar {
  /** Functions of one argument. */
  enum Fn1 {
    /** -x. */
    NEG,
    /** |x|. */
    ABS,
    /** eˣ. */
    EXP,
    /** Natural logarithm. */
    LOG,
    /** Square root. */
    SQRT,
    /** 1 / x. */
    RECIP,
    /** Hyperbolic tangent. */
    TANH,
    /** 1 / (1 + e⁻ˣ). */
    SIGMOID,
    /** Gauss error function. */
    ERF,
    /** Sine. */
    SIN,
    /** Cosine. */
    COS,
    /** -1, 0 or 1. */
    SIGN
  }

  /** Functions of two arguments. Comparisons return 1 or 0. */
  enum Fn2 {
    /** a + b. */
    ADD,
    /** a - b. */
    SUB,
    /** a * b. */
    MUL,
    /** a / b. */
    DIV,
    /** The larger one. */
    MAX,
    /** The smaller one. */
    MIN,
    /** a to the power b. */
    POW,
    /** 1 if a &gt; b. */
    GT,
    /** 1 if a &ge; b. */
    GE,
    /** 1 if a = b. */
    EQ
  }

  /** Input number {@code index}. */
  record Input(int index) implements Scalar {}

  /** A number. */
  record Const(float value) implements Scalar {}

  /** A function of one argument. */
  record Unary(Fn1 fn, Scalar x) implements Scalar {}

  /** A function of two arguments. */
  record Binary(Fn2 fn, Scalar a, Scalar b) implements Scalar {}

  /** {@code condition != 0 ? a : b}. */
  record Select(Scalar condition, Scalar a, Scalar b) implements Scalar {}

  /** Returns input number {@code i}. */
  static Scalar input(int i) {
    return new Input(i);
  }

  /** Returns a number. */
  static Scalar of(double v) {
    return new Const((float) v);
  }

  /** Returns {@code condition != 0 ? a : b}. */
  static Scalar select(Scalar condition, Scalar a, Scalar b) {
    return a.equals(b) ? a : new Select(condition, a, b);
  }

  /** Returns this + b. */
  default Scalar add(Scalar b) {
    return isConstant(0) ? b : b.isConstant(0) ? this : binary(Fn2.ADD, b);
  }

  /** Returns this - b. */
  default Scalar sub(Scalar b) {
    return b.isConstant(0) ? this : isConstant(0) ? b.neg() : binary(Fn2.SUB, b);
  }

  /**
   * Returns this * b; a factor 0 gives 0 (derivatives of constants), even if the other factor is
   * not finite.
   */
  default Scalar mul(Scalar b) {
    return isConstant(0) || b.isConstant(0)
        ? of(0)
        : isConstant(1) ? b : b.isConstant(1) ? this : binary(Fn2.MUL, b);
  }

  /** Returns this / b. */
  default Scalar div(Scalar b) {
    return isConstant(0) ? of(0) : b.isConstant(1) ? this : binary(Fn2.DIV, b);
  }

  /** Returns this + b. */
  default Scalar add(double b) {
    return add(of(b));
  }

  /** Returns this * b. */
  default Scalar mul(double b) {
    return mul(of(b));
  }

  /** Returns -this. */
  default Scalar neg() {
    return fn(Fn1.NEG);
  }

  /** Returns fn(this). */
  default Scalar fn(Fn1 fn) {
    return this instanceof Const c
        ? new Const(ScalarFunctions.apply(fn, c.value))
        : new Unary(fn, this);
  }

  /** Returns fn(this, b). */
  default Scalar binary(Fn2 fn, Scalar b) {
    return this instanceof Const x && b instanceof Const y
        ? new Const(ScalarFunctions.apply(fn, x.value, y.value))
        : new Binary(fn, this, b);
  }

  /** Returns whether this is the number {@code v}. */
  default boolean isConstant(double v) {
    return this instanceof Const c && c.value == v;
  }

  /** Returns this expression with input {@code i} replaced by {@code inputs[i]}. */
  default Scalar substitute(Scalar... inputs) {
    return switch (this) {
      case Input i -> inputs[i.index];
      case Const c -> c;
      case Unary u -> u.x.substitute(inputs).fn(u.fn);
      case Binary b -> rebuild(b.fn, b.a.substitute(inputs), b.b.substitute(inputs));
      case Select s ->
          select(s.condition.substitute(inputs), s.a.substitute(inputs), s.b.substitute(inputs));
    };
  }

  private static Scalar rebuild(Fn2 fn, Scalar a, Scalar b) {
    return switch (fn) {
      case ADD -> a.add(b);
      case SUB -> a.sub(b);
      case DIV -> a.isConstant(0) ? a.binary(fn, b) : a.div(b); // 0 / 0 is NaN
      default -> a.binary(fn, b);
    };
  }

  /** Returns the partial derivative with respect to input {@code index}. */
  default Scalar derivative(int index) {
    return switch (this) {
      case Input i -> of(i.index == index ? 1 : 0);
      case Const c -> of(0);
      case Unary u -> u.x.derivative(index).mul(outer(u));
      case Select s -> select(s.condition, s.a.derivative(index), s.b.derivative(index));
      case Binary b -> {
        Scalar da = b.a.derivative(index);
        Scalar db = b.b.derivative(index);
        yield switch (b.fn) {
          case ADD -> da.add(db);
          case SUB -> da.sub(db);
          case MUL -> da.mul(b.b).add(b.a.mul(db));
          case DIV -> da.div(b.b).sub(db.mul(b.a.div(b.b)).div(b.b));
          // like torch, equal arguments share the gradient
          case MAX -> between(b.a, b.b, da, db);
          case MIN -> between(b.b, b.a, da, db);
          case POW ->
              da.mul(b.b)
                  .mul(b.a.binary(Fn2.POW, b.b.sub(of(1))))
                  .add(db.isConstant(0) ? of(0) : db.mul(b).mul(b.a.fn(Fn1.LOG)));
          case GT, GE, EQ -> of(0);
        };
      }
    };
  }

  private static Scalar between(Scalar larger, Scalar smaller, Scalar da, Scalar db) {
    if (da.isConstant(0) && db.isConstant(0)) {
      return of(0);
    }
    Scalar share = da.add(db).mul(0.5);
    return select(
        larger.binary(Fn2.GT, smaller), da, select(smaller.binary(Fn2.GT, larger), db, share));
  }

  private static Scalar outer(Unary u) {
    Scalar x = u.x;
    return switch (u.fn) {
      case NEG -> of(-1);
      case ABS -> x.fn(Fn1.SIGN);
      case EXP -> u;
      case LOG -> x.fn(Fn1.RECIP);
      case SQRT -> of(0.5).div(u);
      case RECIP -> u.mul(u).neg();
      case TANH -> of(1).sub(u.mul(u));
      case SIGMOID -> u.mul(of(1).sub(u));
      case ERF -> x.mul(x).neg().fn(Fn1.EXP).mul(2 / Math.sqrt(Math.PI));
      case SIN -> x.fn(Fn1.COS);
      case COS -> x.fn(Fn1.SIN).neg();
      case SIGN -> of(0);
    };
  }
}
