package dev.peft4j.backend.tornado.product;

import static dev.peft4j.backend.tornado.kernel.KernelWriter.GET;
import static dev.peft4j.backend.tornado.kernel.KernelWriter.SET;
import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;
import static java.lang.constant.ConstantDescs.INIT_NAME;

import dev.peft4j.backend.tornado.kernel.GeneratedKernel;
import dev.peft4j.backend.tornado.kernel.KernelWriter;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.Collections;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * A kernel in which a work item computes {@link #rows} × 16 elements of the result in as many
 * vector registers: for each step along the inner dimension one vector of b, times one number of
 * each row of a.
 *
 * <p>A grid has blocks of columns along x, blocks of rows along y and matrices along z. What is
 * beyond the last row is computed from that row again, and not stored.
 *
 * @param rows rows of a block
 * @param transposeA a is stored as (k, m)
 * @param square b is the same buffer as a
 * @param layout how b is stored
 * @param tail columns of the last block if they are fewer than 16, else 0
 * @param narrow n is less than 16: there is no other block
 * @param ragged m is not a multiple of {@code rows}
 * @param bias a number is added to each column
 * @param accumulate the result is added to what is there
 * @param fixedN n if it is a constant of the code, as is the width of a layer, or 0
 * @param fixedK k likewise; then all rows of a have one address and constant distances
 * @param addressing the places of the matrices
 */
record VectorKernel(
    int rows,
    boolean transposeA,
    boolean square,
    Layout layout,
    int tail,
    boolean narrow,
    boolean ragged,
    boolean bias,
    boolean accumulate,
    int fixedN,
    int fixedK,
    Addressing addressing)
    implements GeneratedKernel {
  /** How the right operand is stored. */
  enum Layout {
    /** In blocks of 16 columns, filled up with zeros. */
    PACKED,
    /** As (k, n). */
    PLAIN,
    /** As (n, k). */
    TRANSPOSED
  }

  static final int LANES = 16;

  private static final ClassDesc ARRAY = FloatArray.class.describeConstable().orElseThrow();
  private static final ClassDesc VECTOR = Float16.class.describeConstable().orElseThrow();
  private static final MethodTypeDesc FROM_LANES =
      MethodTypeDesc.of(CD_void, Collections.nCopies(LANES, CD_float));
  private static final MethodTypeDesc LANE = MethodTypeDesc.of(CD_float);
  private static final MethodTypeDesc SCALE = MethodTypeDesc.of(VECTOR, VECTOR, CD_float);
  private static final MethodTypeDesc SUM = MethodTypeDesc.of(VECTOR, VECTOR, VECTOR);
  private static final MethodTypeDesc MIN = MethodTypeDesc.of(CD_int, CD_int, CD_int);
  private static final ClassDesc MATH = ClassDesc.of(Math.class.getName());

  /**
   * The kernel's code: parameters are a, b unless it is a, c, the bias if there is one, m, n, k,
   * batch sizes.
   */
  @Override
  public Object define() {
    KernelWriter w = new KernelWriter(name());
    int a = w.buffer(FloatArray.class);
    int bIn = square ? a : w.buffer(FloatArray.class);
    int c = w.buffer(FloatArray.class);
    int biasIn = bias ? w.buffer(FloatArray.class) : -1;
    int m = w.number();
    int n = w.number();
    int k = w.number();
    int[] numbers = addressing.declare(w);
    return w.define(code -> new Body(code, a, bIn, c, biasIn, m, n, k).write(numbers));
  }

  private String name() {
    return "peftProduct"
        + rows
        + (transposeA ? "_ta" : "_a")
        + switch (layout) {
          case PACKED -> "_packed";
          case PLAIN -> "_b";
          case TRANSPOSED -> "_tb";
        }
        + (square ? "_square" : "")
        + (narrow ? "_narrow" : "_tail")
        + tail
        + (ragged ? "_ragged" : "")
        + (bias ? "_bias" : "")
        + (accumulate ? "_sum" : "")
        + (fixedN > 0 ? "_n" + fixedN + "_k" + fixedK : "")
        + "_"
        + addressing.label();
  }

  /** Lanes of a vector of b that exist. */
  private int lanes() {
    return narrow && layout != Layout.PACKED ? tail : LANES;
  }

  /** The code of the kernel; fields are local variables. */
  private final class Body {
    private final CodeBuilder code;
    private final int a;
    private final int b;
    private final int c;
    private final int biasIn;
    private final int m;
    private final int n;
    private final int k;
    private final int block;
    private final int matrix;
    private final int row;
    private final int column;

    Body(CodeBuilder code, int a, int b, int c, int biasIn, int m, int n, int k) {
      this.code = code;
      this.a = a;
      this.b = b;
      this.c = c;
      this.biasIn = biasIn;
      this.m = m;
      this.n = n;
      this.k = k;
      this.block = local();
      this.matrix = local();
      this.row = local();
      this.column = local();
    }

    private int local() {
      return code.allocateLocal(TypeKind.INT);
    }

    void write(int[] numbers) {
      if (fixedN > 0) {
        code.loadConstant(fixedN).istore(n);
        code.loadConstant(fixedK).istore(k);
      }
      KernelWriter.globalId(code, 'x');
      code.istore(block);
      KernelWriter.globalId(code, 'y');
      code.loadConstant(rows).imul().istore(row);
      KernelWriter.globalId(code, 'z');
      code.istore(matrix);
      code.iload(block).loadConstant(LANES).imul();
      if (layout != Layout.PACKED && tail > 0 && !narrow) {
        // the last vector of a row begins further left instead of reaching beyond the row
        code.iload(n).loadConstant(LANES).isub().invokestatic(MATH, "min", MIN);
      }
      code.istore(column);
      Addressing.Matrices at =
          addressing.write(
              code, matrix, new int[] {m, n, k}, transposeA, layout == Layout.TRANSPOSED, numbers);
      int[] sums = multiply(startsOfRows(at), startOfColumns(at), at);
      store(sums, at);
    }

    /** Where each row of the block begins in a. */
    private int[] startsOfRows(Addressing.Matrices at) {
      int[] starts = new int[rows];
      for (int r = 0; r < rows; r++) {
        starts[r] = local();
        code.iload(row).loadConstant(r).iadd();
        if (ragged) {
          code.iload(m).loadConstant(1).isub().invokestatic(MATH, "min", MIN);
        }
        if (!transposeA) {
          code.iload(at.rowA()).imul();
        }
        code.iload(at.startA()).iadd().istore(starts[r]);
      }
      return starts;
    }

    private int startOfColumns(Addressing.Matrices at) {
      int start = local();
      if (layout == Layout.PACKED) {
        // (matrix · blocks + block) · k · 16
        code.iload(block);
        if (at.numberB() >= 0) {
          code.iload(n).loadConstant(LANES - 1).iadd().loadConstant(LANES).idiv();
          code.iload(at.numberB()).imul().iadd();
        }
        code.iload(k).imul().loadConstant(LANES).imul();
      } else {
        code.iload(column);
        if (layout == Layout.TRANSPOSED) {
          code.iload(at.rowB()).imul();
        }
        code.iload(at.startB()).iadd();
      }
      code.istore(start);
      return start;
    }

    /** Gives the sums, a vector for each row. */
    private int[] multiply(int[] rowsA, int startB, Addressing.Matrices at) {
      int[] sums = new int[rows];
      for (int r = 0; r < rows; r++) {
        sums[r] = code.allocateLocal(TypeKind.REFERENCE);
        code.new_(VECTOR).dup();
        for (int l = 0; l < LANES; l++) {
          code.fconst_0();
        }
        code.invokespecial(VECTOR, INIT_NAME, FROM_LANES).astore(sums[r]);
      }
      int p = local();
      int steps = local();
      int atA = local();
      code.iload(k);
      if (fixedK > 0) {
        // not as a constant: TornadoVM unrolls loops, and adds wrong vectors then
        code.iload(block).loadConstant(31).ishr().iadd();
      }
      code.istore(steps);
      int vector = code.allocateLocal(TypeKind.REFERENCE);
      code.iconst_0().istore(p);
      Label loop = code.newLabel();
      Label end = code.newLabel();
      code.labelBinding(loop);
      code.iload(p).iload(steps).if_icmpge(end);
      loadVector(p, startB, at.rowB());
      code.astore(vector);
      code.iload(p);
      if (transposeA) {
        code.iload(at.rowA()).imul();
      }
      code.istore(atA);
      for (int r = 0; r < rows; r++) {
        code.aload(sums[r]).aload(vector);
        code.aload(a).iload(rowsA[r]).iload(atA).iadd().invokevirtual(ARRAY, "get", GET);
        code.invokestatic(VECTOR, "mult", SCALE).invokestatic(VECTOR, "add", SUM).astore(sums[r]);
      }
      code.iinc(p, 1).goto_(loop);
      code.labelBinding(end);
      return sums;
    }

    /** Pushes the vector of b at step {@code p}. */
    private void loadVector(int p, int startB, int rowB) {
      int at = local();
      code.iload(p);
      switch (layout) {
        case PACKED -> code.loadConstant(LANES).imul();
        case PLAIN -> code.iload(rowB).imul();
        case TRANSPOSED -> {}
      }
      code.iload(startB).iadd().istore(at);
      code.new_(VECTOR).dup();
      for (int l = 0; l < LANES; l++) {
        if (l >= VectorKernel.this.lanes()) {
          code.fconst_0();
          continue;
        }
        code.aload(b).iload(at).loadConstant(l);
        if (layout == Layout.TRANSPOSED) {
          code.iload(rowB).imul();
        }
        code.iadd().invokevirtual(ARRAY, "get", GET);
      }
      code.invokespecial(VECTOR, INIT_NAME, FROM_LANES);
    }

    private void store(int[] sums, Addressing.Matrices at) {
      int atC = local();
      code.iload(row).iload(at.rowC()).imul().iload(column).iadd();
      code.iload(at.startC()).iadd().istore(atC);
      if (tail == 0) {
        rowsOf(sums, atC, at.rowC(), 0, LANES);
      } else if (narrow) {
        rowsOf(sums, atC, at.rowC(), 0, tail);
      } else {
        // the rest of a vector that begins further left is another block's
        int first = layout == Layout.PACKED ? 0 : LANES - tail;
        Label full = code.newLabel();
        Label end = code.newLabel();
        code.iload(block).iload(n).loadConstant(LANES).idiv().if_icmplt(full);
        rowsOf(sums, atC, at.rowC(), first, first + tail);
        code.goto_(end).labelBinding(full);
        rowsOf(sums, atC, at.rowC(), 0, LANES);
        code.labelBinding(end);
      }
    }

    private void rowsOf(int[] sums, int atC, int rowC, int from, int to) {
      for (int r = 0; r < rows; r++) {
        Label beyond = code.newLabel();
        if (ragged && r > 0) {
          code.iload(row).loadConstant(r).iadd().iload(m).if_icmpge(beyond);
        }
        lanes(sums[r], atC, rowC, r, from, to);
        code.labelBinding(beyond);
      }
    }

    private void lanes(int sum, int atC, int rowC, int r, int from, int to) {
      int at = local();
      code.iload(rowC).loadConstant(r).imul().iload(atC).iadd().istore(at);
      for (int l = from; l < to; l++) {
        code.aload(c).iload(at).loadConstant(l).iadd();
        code.aload(sum).invokevirtual(VECTOR, "getS" + l, LANE);
        if (bias) {
          code.aload(biasIn).iload(column).loadConstant(l).iadd();
          code.invokevirtual(ARRAY, "get", GET).fadd();
        }
        if (accumulate) {
          code.aload(c).iload(at).loadConstant(l).iadd().invokevirtual(ARRAY, "get", GET).fadd();
        }
        code.invokevirtual(ARRAY, "set", SET);
      }
    }
  }
}
