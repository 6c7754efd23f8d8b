package dev.peft4j.backend.tornado.product;

import static dev.peft4j.backend.tornado.kernel.KernelWriter.GET;
import static dev.peft4j.backend.tornado.kernel.KernelWriter.SET;
import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.MTD_void;

import dev.peft4j.backend.tornado.kernel.GeneratedKernel;
import dev.peft4j.backend.tornado.kernel.KernelWriter;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * A kernel in which a group of {@link #SIDE} × {@link #SIDE} work items computes a tile of {@link
 * #TILE} × {@link #TILE} elements of the result. It takes {@link #DEPTH} steps along the inner
 * dimension at a time: their part of a and b is brought to local memory by all items together, then
 * each item uses it for its 2 × 2 elements, which lie {@link #SIDE} apart so that neighbouring
 * items read and write neighbouring memory.
 *
 * @param transposeA a is stored as (k, m)
 * @param transposeB b is stored as (n, k)
 * @param square b is the same buffer as a
 * @param bias a number is added to each column
 * @param accumulate the result is added to what is there
 * @param addressing the places of the matrices
 */
record TileKernel(
    boolean transposeA,
    boolean transposeB,
    boolean square,
    boolean bias,
    boolean accumulate,
    Addressing addressing)
    implements GeneratedKernel {
  static final int SIDE = 16;
  static final int TILE = 32;
  static final int DEPTH = 16;

  /** One more than the tile, so that neighbours in a column lie in different banks of memory. */
  private static final int PITCH = TILE + 1;

  private static final ClassDesc ARRAY = FloatArray.class.describeConstable().orElseThrow();
  private static final ClassDesc CONTEXT = KernelContext.class.describeConstable().orElseThrow();
  private static final MethodTypeDesc ALLOCATE = MethodTypeDesc.of(CD_float.arrayType(), CD_int);

  /** Parameters are a, b unless it is a, c, the bias if there is one, m, n, k, the addressing's. */
  @Override
  public Object define() {
    KernelWriter w = new KernelWriter(name());
    int a = w.buffer(FloatArray.class);
    int b = square ? a : w.buffer(FloatArray.class);
    int c = w.buffer(FloatArray.class);
    int biasIn = bias ? w.buffer(FloatArray.class) : -1;
    int m = w.number();
    int n = w.number();
    int k = w.number();
    int[] numbers = addressing.declare(w);
    return w.define(code -> new Body(code, c, biasIn, m, n, k).write(a, b, numbers));
  }

  private String name() {
    return "peftTiles"
        + (transposeA ? "_ta" : "_a")
        + (transposeB ? "_tb" : "_b")
        + (square ? "_square" : "")
        + (bias ? "_bias" : "")
        + (accumulate ? "_sum_" : "_")
        + addressing.label();
  }

  /** The code of the kernel; fields are local variables. */
  private final class Body {
    private final CodeBuilder code;
    private final int c;
    private final int biasIn;
    private final int m;
    private final int n;
    private final int k;
    private final int x;
    private final int y;
    private final int item;
    private final int from;

    Body(CodeBuilder code, int c, int biasIn, int m, int n, int k) {
      this.code = code;
      this.c = c;
      this.biasIn = biasIn;
      this.m = m;
      this.n = n;
      this.k = k;
      this.x = local();
      this.y = local();
      this.item = local();
      this.from = local();
    }

    private int local() {
      return code.allocateLocal(TypeKind.INT);
    }

    void write(int a, int b, int[] numbers) {
      KernelWriter.id(code, "localIdx");
      code.istore(x);
      KernelWriter.id(code, "localIdy");
      code.istore(y);
      code.iload(y).loadConstant(SIDE).imul().iload(x).iadd().istore(item);
      int row = first("groupIdy");
      int column = first("groupIdx");
      int matrix = local();
      KernelWriter.globalId(code, 'z');
      code.istore(matrix);
      Addressing.Matrices at =
          addressing.write(code, matrix, new int[] {m, n, k}, transposeA, transposeB, numbers);
      Side sideA = new Side(tile(), a, at.startA(), at.rowA(), row, m, transposeA);
      Side sideB = new Side(tile(), b, at.startB(), at.rowB(), column, n, !transposeB);
      store(multiply(sideA, sideB), at, row, column);
    }

    private int first(String group) {
      int local = local();
      KernelWriter.id(code, group);
      code.loadConstant(TILE).imul().istore(local);
      return local;
    }

    private int tile() {
      int tile = code.allocateLocal(TypeKind.REFERENCE);
      code.aload(0).loadConstant(PITCH * DEPTH);
      code.invokevirtual(CONTEXT, "allocateFloatLocalArray", ALLOCATE).astore(tile);
      return tile;
    }

    /**
     * An operand: rows of a or columns of b.
     *
     * @param deep it is stored as (k, rows)
     */
    private record Side(
        int tile, int source, int start, int pitch, int first, int rows, boolean deep) {}

    private int[] multiply(Side a, Side b) {
      int[] sums = new int[4];
      for (int i = 0; i < 4; i++) {
        sums[i] = code.allocateLocal(TypeKind.FLOAT);
        code.fconst_0().fstore(sums[i]);
      }
      Label loop = code.newLabel();
      Label end = code.newLabel();
      code.iconst_0().istore(from);
      code.labelBinding(loop);
      code.iload(from).iload(k).if_icmpge(end);
      bring(a);
      bring(b);
      barrier();
      for (int p = 0; p < DEPTH; p++) {
        int[] rows = {use(a, p, y, 0), use(a, p, y, SIDE)};
        int[] columns = {use(b, p, x, 0), use(b, p, x, SIDE)};
        for (int i = 0; i < 4; i++) {
          code.fload(rows[i / 2]).fload(columns[i % 2]).fmul();
          code.fload(sums[i]).fadd().fstore(sums[i]);
        }
      }
      barrier();
      code.iinc(from, DEPTH).goto_(loop);
      code.labelBinding(end);
      return sums;
    }

    private void barrier() {
      code.aload(0).invokevirtual(CONTEXT, "localBarrier", MTD_void);
    }

    /** One number of a tile. */
    private int use(Side s, int p, int item, int offset) {
      int value = code.allocateLocal(TypeKind.FLOAT);
      code.aload(s.tile).iload(item).loadConstant(p * PITCH + offset).iadd().faload().fstore(value);
      return value;
    }

    /** Brings this item's part of a tile, as [depth][rows]; what is outside is 0. */
    private void bring(Side s) {
      int r = local();
      int p = local();
      int inner = s.deep ? TILE : DEPTH;
      code.iload(item).loadConstant(inner).irem().istore(s.deep ? r : p);
      code.iload(item).loadConstant(inner).idiv().istore(s.deep ? p : r);
      int all = TILE * DEPTH / (SIDE * SIDE);
      for (int part = 0; part < all; part++) {
        int further = part * SIDE * SIDE / inner;
        bring(s, r, s.deep ? 0 : further, p, s.deep ? further : 0);
      }
    }

    private void bring(Side s, int r, int furtherRow, int p, int furtherStep) {
      int row = local();
      code.iload(r).loadConstant(furtherRow).iadd().iload(s.first).iadd().istore(row);
      int step = local();
      code.iload(p).loadConstant(furtherStep).iadd().iload(from).iadd().istore(step);
      int value = code.allocateLocal(TypeKind.FLOAT);
      Label outside = code.newLabel();
      code.fconst_0().fstore(value);
      code.iload(row).iload(s.rows).if_icmpge(outside);
      code.iload(step).iload(k).if_icmpge(outside);
      code.aload(s.source);
      if (s.deep) {
        code.iload(step).iload(s.pitch).imul().iload(row).iadd();
      } else {
        code.iload(row).iload(s.pitch).imul().iload(step).iadd();
      }
      code.iload(s.start).iadd().invokevirtual(ARRAY, "get", GET).fstore(value);
      code.labelBinding(outside);
      code.aload(s.tile);
      code.iload(p).loadConstant(furtherStep).iadd().loadConstant(PITCH).imul();
      code.iload(r).loadConstant(furtherRow).iadd().iadd();
      code.fload(value).fastore();
    }

    private void store(int[] sums, Addressing.Matrices matrices, int firstRow, int firstColumn) {
      for (int i = 0; i < 4; i++) {
        int row = local();
        int column = local();
        int at = local();
        Label outside = code.newLabel();
        code.iload(firstRow).iload(y).iadd().loadConstant(i / 2 * SIDE).iadd().istore(row);
        code.iload(firstColumn).iload(x).iadd().loadConstant(i % 2 * SIDE).iadd().istore(column);
        code.iload(row).iload(m).if_icmpge(outside);
        code.iload(column).iload(n).if_icmpge(outside);
        code.iload(row).iload(matrices.rowC()).imul().iload(column).iadd();
        code.iload(matrices.startC()).iadd().istore(at);
        code.aload(c).iload(at).fload(sums[i]);
        if (bias) {
          code.aload(biasIn).iload(column).invokevirtual(ARRAY, "get", GET).fadd();
        }
        if (accumulate) {
          code.aload(c).iload(at).invokevirtual(ARRAY, "get", GET).fadd();
        }
        code.invokevirtual(ARRAY, "set", SET);
        code.labelBinding(outside);
      }
    }
  }
}
