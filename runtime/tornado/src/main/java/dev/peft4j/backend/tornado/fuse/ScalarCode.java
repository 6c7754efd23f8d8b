package dev.peft4j.backend.tornado.fuse;

import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;

import dev.peft4j.graph.Scalar;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.HashMap;
import java.util.Map;
import uk.ac.manchester.tornado.api.math.TornadoMath;

/**
 * Writes the code of a scalar expression. Each subexpression is computed once, into a local
 * variable.
 */
final class ScalarCode {
  private static final ClassDesc MATH = TornadoMath.class.describeConstable().orElseThrow();
  private static final ClassDesc HELPERS = FusedMath.class.describeConstable().orElseThrow();
  private static final MethodTypeDesc ONE = MethodTypeDesc.of(CD_float, CD_float);
  private static final MethodTypeDesc ZERO = MethodTypeDesc.of(CD_float, CD_int);
  private static final MethodTypeDesc HIDDEN = MethodTypeDesc.of(CD_float, CD_float, CD_int);
  private static final MethodTypeDesc TWO = MethodTypeDesc.of(CD_float, CD_float, CD_float);

  private final CodeBuilder code;
  private final int item;
  private final int[] inputs;
  private final Map<Scalar, Integer> done = new HashMap<>();

  /**
   * Code that goes to {@code code}.
   *
   * @param item local variable with the work item's number, at least 0
   * @param inputs local variables with the inputs
   */
  ScalarCode(CodeBuilder code, int item, int[] inputs) {
    this.code = code;
    this.item = item;
    this.inputs = inputs;
  }

  /** Writes the code of {@code s}; gives the local variable with its value. */
  int value(Scalar s) {
    if (s instanceof Scalar.Input i) {
      return inputs[i.index()];
    }
    Integer known = done.get(s);
    if (known != null) {
      return known;
    }
    switch (s) {
      case Scalar.Input i -> throw new AssertionError(i);
      case Scalar.Const c -> constant(c.value());
      case Scalar.Unary u -> unary(u.fn(), folds(u.fn()) ? hidden(u.x()) : value(u.x()));
      case Scalar.Binary b -> {
        boolean folds = b.fn() == Scalar.Fn2.POW || b.fn() == Scalar.Fn2.DIV;
        int y = folds ? hidden(b.b()) : value(b.b());
        binary(b.fn(), b.fn() == Scalar.Fn2.POW ? hidden(b.a()) : value(b.a()), y);
      }
      case Scalar.Select c -> {
        int condition = value(c.condition());
        int a = value(c.a());
        int b = value(c.b());
        code.fload(condition).fconst_0();
        choose(a, b);
      }
    }
    int local = code.allocateLocal(TypeKind.FLOAT);
    code.fstore(local);
    done.put(s, local);
    return local;
  }

  /** True for functions that the compiler must not apply to a constant. */
  private static boolean folds(Scalar.Fn1 fn) {
    return switch (fn) {
      case LOG, SQRT, RECIP, TANH, SIN, COS -> true;
      case NEG, ABS, EXP, SIGMOID, ERF, SIGN -> false;
    };
  }

  /** The value of {@code s}, made unknown to the compiler if it could find out that it is fixed. */
  private int hidden(Scalar s) {
    int local = value(s);
    if (!maybeFixed(s)) {
      return local;
    }
    int hidden = code.allocateLocal(TypeKind.FLOAT);
    code.fload(local).iload(item).invokestatic(HELPERS, "hidden", HIDDEN).fstore(hidden);
    return hidden;
  }

  private static boolean maybeFixed(Scalar s) {
    return switch (s) {
      case Scalar.Input i -> false;
      case Scalar.Const c -> false; // functions of constants alone were computed when built
      case Scalar.Unary u -> u.fn() == Scalar.Fn1.SIGN || maybeFixed(u.x());
      case Scalar.Select c -> true;
      case Scalar.Binary b ->
          switch (b.fn()) {
            case MAX, MIN, GT, GE, EQ -> true;
            case ADD, SUB, MUL, DIV, POW -> maybeFixed(b.a()) || maybeFixed(b.b());
          };
    };
  }

  private void constant(float value) {
    if (Float.isFinite(value)) {
      code.loadConstant(value);
    } else {
      code.loadConstant(Float.isNaN(value) ? 0f : Math.signum(value));
      code.iload(item).invokestatic(HELPERS, "zero", ZERO).fdiv();
    }
  }

  /** Of two numbers on the stack: pushes b if they are equal and a else. */
  private void choose(int a, int b) {
    Label equal = code.newLabel();
    Label end = code.newLabel();
    code.fcmpl().ifeq(equal).fload(a).goto_(end);
    code.labelBinding(equal).fload(b).labelBinding(end);
  }

  private void unary(Scalar.Fn1 fn, int x) {
    code.fload(x);
    switch (fn) {
      case NEG -> code.fneg();
      case ABS -> call("abs");
      case EXP -> call("exp");
      case LOG -> call("log");
      case SQRT -> call("sqrt");
      case RECIP -> {
        code.pop().fconst_1().fload(x).fdiv();
      }
      case TANH -> code.invokestatic(HELPERS, "hyperbolicTangent", ONE);
      case SIGMOID -> {
        code.pop().fconst_1().fconst_1().fload(x).fneg();
        call("exp");
        code.fadd().fdiv();
      }
      case ERF -> code.invokestatic(HELPERS, "errorFunction", ONE);
      case SIN -> call("sin");
      case COS -> call("cos");
      case SIGN -> code.invokestatic(HELPERS, "signOf", ONE);
    }
  }

  private void call(String function) {
    code.invokestatic(MATH, function, ONE);
  }

  private void binary(Scalar.Fn2 fn, int a, int b) {
    code.fload(a).fload(b);
    switch (fn) {
      case ADD -> code.fadd();
      case SUB -> code.fsub();
      case MUL -> code.fmul();
      case DIV -> code.fdiv();
      case MAX -> code.invokestatic(HELPERS, "larger", TWO);
      case MIN -> code.invokestatic(HELPERS, "smaller", TWO);
      case POW -> code.invokestatic(HELPERS, "power", TWO);
      case GT -> code.invokestatic(HELPERS, "greater", TWO);
      case GE -> code.invokestatic(HELPERS, "greaterOrEqual", TWO);
      case EQ -> code.invokestatic(HELPERS, "same", TWO);
    }
  }
}
