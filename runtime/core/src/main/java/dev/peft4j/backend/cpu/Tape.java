package dev.peft4j.backend.cpu;

import dev.peft4j.graph.Scalar;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A scalar expression as a list of primitive loops over registers, which are blocks of scratch
 * memory. Each subexpression is computed once; registers are used again when their values are no
 * longer needed.
 */
final class Tape {
  /** Where an operand comes from. */
  private enum Kind {
    /** The block of an input. */
    INPUT,
    /** One number of an input that is repeated over the block. */
    SINGLE,
    /** A register. */
    REGISTER,
    /** A constant. */
    CONSTANT
  }

  private record Operand(Kind kind, int index, float value) {}

  /** One loop; a target register of -1 is the result. */
  private record Instruction(int op, Operand a, Operand b, Operand c, int target) {}

  private static final int COPY = -1;
  private static final int SELECT = -2;
  private static final Operand NONE = new Operand(Kind.CONSTANT, 0, 0);

  private final Instruction[] code;
  private final int registers;

  private Tape(List<Instruction> code, int registers) {
    this.code = code.toArray(new Instruction[0]);
    this.registers = registers;
  }

  /**
   * Compiles an expression.
   *
   * @param single for each input whether it is one number for the whole block
   */
  static Tape of(Scalar expression, boolean[] single) {
    return new Compiler(single).compile(expression);
  }

  int registers() {
    return registers;
  }

  /** Number of loops. */
  int length() {
    return code.length;
  }

  /** Computes a block of {@code n} results; the inputs' addresses lie at {@code operands}. */
  void run(Loops loops, long operands, long scratch, long out, int n) {
    for (Instruction i : code) {
      long dst = i.target < 0 ? out : scratch + 4L * ElementwiseKernel.BLOCK * i.target;
      step(loops, i, operands, scratch, dst, n);
    }
  }

  private static void step(
      Loops loops, Instruction i, long operands, long scratch, long dst, int n) {
    boolean aScalar = isScalar(i.a);
    if (i.op == COPY) {
      if (aScalar) {
        loops.fill(scalar(i.a, operands), dst, n);
      } else {
        loops.copy(address(i.a, operands, scratch), dst, n);
      }
    } else if (i.op == SELECT) {
      loops.select(
          address(i.a, operands, scratch),
          address(i.b, operands, scratch),
          address(i.c, operands, scratch),
          dst,
          n);
    } else if (i.op == Loops.GELU) {
      loops.gelu(address(i.a, operands, scratch), dst, n);
    } else if (i.op == Loops.GELU_GRAD) {
      loops.geluGrad(address(i.a, operands, scratch), address(i.b, operands, scratch), dst, n);
    } else if (i.op >= Loops.NEG) {
      loops.unary(i.op, address(i.a, operands, scratch), dst, n);
    } else if (aScalar) {
      loops.constBinary(i.op, scalar(i.a, operands), address(i.b, operands, scratch), dst, n);
    } else if (isScalar(i.b)) {
      loops.binaryConst(i.op, address(i.a, operands, scratch), scalar(i.b, operands), dst, n);
    } else {
      loops.binary(i.op, address(i.a, operands, scratch), address(i.b, operands, scratch), dst, n);
    }
  }

  private static boolean isScalar(Operand o) {
    return o.kind == Kind.CONSTANT || o.kind == Kind.SINGLE;
  }

  private static float scalar(Operand o, long operands) {
    return o.kind == Kind.CONSTANT ? o.value : Memory.get(Memory.getLong(operands + 8L * o.index));
  }

  private static long address(Operand o, long operands, long scratch) {
    return o.kind == Kind.REGISTER
        ? scratch + 4L * ElementwiseKernel.BLOCK * o.index
        : Memory.getLong(operands + 8L * o.index);
  }

  private static final class Compiler {
    private final boolean[] single;
    private final List<Instruction> code = new ArrayList<>();
    private final Map<Scalar, Operand> done = new HashMap<>();
    private final Map<Scalar, Integer> uses = new HashMap<>();
    private final List<Integer> free = new ArrayList<>();
    private int registers;

    Compiler(boolean[] single) {
      this.single = single;
    }

    Tape compile(Scalar expression) {
      count(expression);
      Operand result = operand(expression);
      if (result.kind != Kind.REGISTER || code.isEmpty()) {
        code.add(new Instruction(COPY, result, NONE, NONE, -1));
      } else {
        Instruction last = code.removeLast();
        code.add(new Instruction(last.op, last.a, last.b, last.c, -1));
      }
      return new Tape(code, registers);
    }

    /** An expression that has a loop of its own, and what it is applied to. */
    private record Found(Idiom idiom, Scalar[] operands) {}

    private static @Nullable Found idiom(Scalar s) {
      if (s instanceof Scalar.Binary) {
        for (Idiom i : Idiom.ALL) {
          Scalar[] operands = i.match(s);
          if (operands != null) {
            return new Found(i, operands);
          }
        }
      }
      return null;
    }

    /** What the loop that computes {@code s} reads. */
    private static Scalar[] operands(Scalar s) {
      Found found = idiom(s);
      if (found != null) {
        return found.operands;
      }
      return switch (s) {
        case Scalar.Input i -> new Scalar[0];
        case Scalar.Const c -> new Scalar[0];
        case Scalar.Unary u -> new Scalar[] {u.x()};
        case Scalar.Binary b -> new Scalar[] {b.a(), b.b()};
        case Scalar.Select c -> new Scalar[] {c.condition(), c.a(), c.b()};
      };
    }

    private void count(Scalar s) {
      if (uses.merge(s, 1, Integer::sum) == 1) {
        for (Scalar operand : operands(s)) {
          count(operand);
        }
      }
    }

    private Operand operand(Scalar s) {
      Operand known = done.get(s);
      if (known != null) {
        return known;
      }
      Operand made = make(s);
      done.put(s, made);
      return made;
    }

    private Operand make(Scalar s) {
      Found found = idiom(s);
      if (found != null) {
        Operand x = block(found.operands[0]);
        Operand y = found.operands.length > 1 ? block(found.operands[1]) : NONE;
        release(s);
        return emit(found.idiom.op(), x, y, NONE);
      }
      return switch (s) {
        case Scalar.Input i ->
            new Operand(single[i.index()] ? Kind.SINGLE : Kind.INPUT, i.index(), 0);
        case Scalar.Const c -> new Operand(Kind.CONSTANT, 0, c.value());
        case Scalar.Unary u -> {
          Operand x = block(u.x());
          release(s);
          yield emit(unary(u.fn()), x, NONE, NONE);
        }
        case Scalar.Binary b -> {
          Operand x = operand(b.a());
          Operand y = operand(b.b());
          if (isScalar(x) && isScalar(y)) {
            x = block(b.a());
          }
          release(s);
          yield emit(binary(b.fn()), x, y, NONE);
        }
        case Scalar.Select c -> {
          Operand x = block(c.condition());
          Operand y = block(c.a());
          Operand z = block(c.b());
          release(s);
          yield emit(SELECT, x, y, z);
        }
      };
    }

    /**
     * The operand as a block: a single number is spread into a register, which is then not used
     * again.
     */
    private Operand block(Scalar s) {
      Operand o = operand(s);
      return isScalar(o) ? emit(COPY, o, NONE, NONE) : o;
    }

    private Operand emit(int op, Operand a, Operand b, Operand c) {
      int target = free.isEmpty() ? registers++ : free.removeLast();
      code.add(new Instruction(op, a, b, c, target));
      return new Operand(Kind.REGISTER, target, 0);
    }

    /** Frees the registers of what {@code s} reads that nothing else is going to read. */
    private void release(Scalar s) {
      for (Scalar operand : operands(s)) {
        if (uses.merge(operand, -1, Integer::sum) == 0) {
          Operand o = done.get(operand);
          if (o != null && o.kind == Kind.REGISTER) {
            free.add(o.index);
          }
        }
      }
    }

    private static int unary(Scalar.Fn1 fn) {
      return switch (fn) {
        case NEG -> Loops.NEG;
        case ABS -> Loops.ABS;
        case EXP -> Loops.EXP;
        case LOG -> Loops.LOG;
        case SQRT -> Loops.SQRT;
        case RECIP -> Loops.RECIP;
        case TANH -> Loops.TANH;
        case SIGMOID -> Loops.SIGMOID;
        case ERF -> Loops.ERF;
        case SIN -> Loops.SIN;
        case COS -> Loops.COS;
        case SIGN -> Loops.SIGN;
      };
    }

    private static int binary(Scalar.Fn2 fn) {
      return switch (fn) {
        case ADD -> Loops.ADD;
        case SUB -> Loops.SUB;
        case MUL -> Loops.MUL;
        case DIV -> Loops.DIV;
        case MAX -> Loops.MAX;
        case MIN -> Loops.MIN;
        case POW -> Loops.POW;
        case GT -> Loops.GT;
        case GE -> Loops.GE;
        case EQ -> Loops.EQ;
      };
    }
  }
}
