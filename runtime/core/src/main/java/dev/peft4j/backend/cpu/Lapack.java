package dev.peft4j.backend.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import com.google.auto.service.AutoService;
import dev.peft4j.Peft4jException;
import dev.peft4j.data.NonFiniteException;
import dev.peft4j.linalg.LinearAlgebra;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;

/** Decompositions of matrices through the LAPACK that OpenBLAS contains, on one thread. */
@AutoService(LinearAlgebra.class)
public final class Lapack implements LinearAlgebra {
  private static final int COLUMN_MAJOR = 102;
  private static final int ROW_MAJOR = 101;
  private static final byte REDUCED = 'S';

  /** The smaller side of matrices that are cheap enough to be decomposed in double precision. */
  private static final int EXACT = 256;

  /** Singular values below this share of the largest count as zero. */
  private static final double SMALLEST = 1e-6;

  /** Creates the decompositions; for {@link java.util.ServiceLoader}. */
  public Lapack() {}

  /**
   * Returns the decomposition that {@code sgesdd} computes; of a matrix that is wider than high the
   * same without a decomposition that comes first. So the signs of the vectors are those that torch
   * gets from MKL, which adapters depend on that keep such vectors out of their files. Matrices
   * whose smaller side is at most {@link #EXACT} get more exact numbers from {@code dgesdd}.
   */
  @Override
  public Svd svd(float[] a, int rows, int columns) {
    check("svd", a, rows, columns);
    int k = Math.min(rows, columns);
    if (k == 0) {
      return new Svd(new float[0], new float[0], new float[0]);
    }
    Svd single = columns > rows ? wide(a, rows, columns) : tall(a, rows, columns);
    return k > EXACT ? single : exact(a, rows, columns, single);
  }

  /**
   * The same with the numbers of a decomposition in double precision and the signs of the first.
   * Otherwise vectors of close singular values are wrong by the rounding over their distance: on
   * 200 matrices of torch's Linear of up to 64 x 32 the first four are 1.2e-6 to 3e-6 off in the
   * median, here as in torch, so that these are nearer to torch's than {@code sgesdd}'s are.
   */
  private static Svd exact(float[] a, int rows, int columns, Svd signs) {
    int k = Math.min(rows, columns);
    double[] turned = new double[a.length];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        turned[j * rows + i] = a[i * columns + j];
      }
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment m = arena.allocateFrom(JAVA_DOUBLE, turned);
      MemorySegment s = arena.allocate(JAVA_DOUBLE, k);
      MemorySegment u = arena.allocate(JAVA_DOUBLE, (long) rows * k);
      MemorySegment vt = arena.allocate(JAVA_DOUBLE, (long) k * columns);
      int info;
      try {
        info =
            (int)
                Dgesdd.HANDLE.invokeExact(
                    COLUMN_MAJOR, REDUCED, rows, columns, m, rows, s, u, rows, vt, k);
      } catch (Throwable e) {
        throw new AssertionError("a native call does not throw", e);
      }
      done("svd", info, rows, columns);
      float[] left = new float[rows * k];
      float[] values = new float[k];
      float[] right = new float[k * columns];
      for (int n = 0; n < k; n++) {
        double same = 0;
        for (int i = 0; i < rows; i++) {
          same += u.getAtIndex(JAVA_DOUBLE, (long) n * rows + i) * signs.u()[i * k + n];
        }
        for (int j = 0; j < columns; j++) {
          same += vt.getAtIndex(JAVA_DOUBLE, (long) j * k + n) * signs.vt()[n * columns + j];
        }
        double sign = same < 0 ? -1 : 1;
        values[n] = (float) s.getAtIndex(JAVA_DOUBLE, n);
        for (int i = 0; i < rows; i++) {
          left[i * k + n] = (float) (sign * u.getAtIndex(JAVA_DOUBLE, (long) n * rows + i));
        }
        for (int j = 0; j < columns; j++) {
          right[n * columns + j] = (float) (sign * vt.getAtIndex(JAVA_DOUBLE, (long) j * k + n));
        }
      }
      return new Svd(left, values, right);
    }
  }

  private static Svd tall(float[] a, int rows, int columns) {
    int k = columns;
    try (Arena arena = Arena.ofConfined()) {
      // the matrix itself and not its transpose, which would save two transpositions but turn signs
      MemorySegment m = arena.allocateFrom(JAVA_FLOAT, LinearAlgebra.transposed(a, rows, columns));
      MemorySegment s = arena.allocate(JAVA_FLOAT, k);
      MemorySegment u = arena.allocate(JAVA_FLOAT, (long) rows * k);
      MemorySegment vt = arena.allocate(JAVA_FLOAT, (long) k * columns);
      int info;
      try {
        info =
            (int)
                Sgesdd.HANDLE.invokeExact(
                    COLUMN_MAJOR, REDUCED, rows, columns, m, rows, s, u, rows, vt, k);
      } catch (Throwable e) {
        throw new AssertionError("a native call does not throw", e);
      }
      done("svd", info, rows, columns);
      return new Svd(
          LinearAlgebra.transposed(u.toArray(JAVA_FLOAT), k, rows),
          s.toArray(JAVA_FLOAT),
          LinearAlgebra.transposed(vt.toArray(JAVA_FLOAT), columns, k));
    }
  }

  /** By reduction to two diagonals, whose decomposition is then turned back. */
  private static Svd wide(float[] a, int rows, int columns) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment m = arena.allocateFrom(JAVA_FLOAT, LinearAlgebra.transposed(a, rows, columns));
      MemorySegment s = arena.allocate(JAVA_FLOAT, rows);
      MemorySegment below = arena.allocate(JAVA_FLOAT, rows);
      MemorySegment ofLeft = arena.allocate(JAVA_FLOAT, rows);
      MemorySegment ofRight = arena.allocate(JAVA_FLOAT, rows);
      MemorySegment u = arena.allocate(JAVA_FLOAT, (long) rows * rows);
      MemorySegment small = arena.allocate(JAVA_FLOAT, (long) rows * rows);
      MemorySegment vt = arena.allocate(JAVA_FLOAT, (long) rows * columns);
      MemorySegment none = arena.allocate(JAVA_FLOAT);
      MemorySegment noInts = arena.allocate(JAVA_INT);
      int reduced;
      int decomposed = 0;
      int left = 0;
      int right = 0;
      try {
        reduced =
            (int)
                Bidiagonal.REDUCE.invokeExact(
                    COLUMN_MAJOR, rows, columns, m, rows, s, below, ofLeft, ofRight);
        decomposed =
            (int)
                Bidiagonal.DECOMPOSE.invokeExact(
                    COLUMN_MAJOR,
                    (byte) 'L',
                    (byte) 'I',
                    rows,
                    s,
                    below,
                    u,
                    rows,
                    small,
                    rows,
                    none,
                    noInts);
        MemorySegment.copy(small, 0, vt, 0, 4L * rows * rows); // the other columns are zero
        left =
            (int)
                Bidiagonal.TURN.invokeExact(
                    COLUMN_MAJOR,
                    (byte) 'Q',
                    (byte) 'L',
                    (byte) 'N',
                    rows,
                    rows,
                    columns,
                    m,
                    rows,
                    ofLeft,
                    u,
                    rows);
        right =
            (int)
                Bidiagonal.TURN.invokeExact(
                    COLUMN_MAJOR,
                    (byte) 'P',
                    (byte) 'R',
                    (byte) 'T',
                    rows,
                    columns,
                    rows,
                    m,
                    rows,
                    ofRight,
                    vt,
                    rows);
      } catch (Throwable e) {
        throw new AssertionError("a native call does not throw", e);
      }
      for (int info : new int[] {reduced, decomposed, left, right}) {
        done("svd", info, rows, columns);
      }
      return new Svd(
          LinearAlgebra.transposed(u.toArray(JAVA_FLOAT), rows, rows),
          s.toArray(JAVA_FLOAT),
          LinearAlgebra.transposed(vt.toArray(JAVA_FLOAT), columns, rows));
    }
  }

  /** Returns the decomposition that {@code sgeqrf} and {@code sorgqr} compute. */
  @Override
  public Qr qr(float[] a, int rows, int columns) {
    check("qr", a, rows, columns);
    int k = Math.min(rows, columns);
    float[] q = new float[rows * k];
    float[] r = new float[k * columns];
    if (k == 0) {
      return new Qr(q, r);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment m = arena.allocateFrom(JAVA_FLOAT, LinearAlgebra.transposed(a, rows, columns));
      MemorySegment tau = arena.allocate(JAVA_FLOAT, k);
      try {
        done(
            "qr",
            (int) Sgeqrf.HANDLE.invokeExact(COLUMN_MAJOR, rows, columns, m, rows, tau),
            rows,
            columns);
        for (int i = 0; i < k; i++) {
          for (int j = i; j < columns; j++) {
            r[i * columns + j] = m.getAtIndex(JAVA_FLOAT, (long) j * rows + i);
          }
        }
        done(
            "qr",
            (int) Sorgqr.HANDLE.invokeExact(COLUMN_MAJOR, rows, k, k, m, rows, tau),
            rows,
            columns);
      } catch (Peft4jException e) {
        throw e;
      } catch (Throwable e) {
        throw new AssertionError("a native call does not throw", e);
      }
      for (int j = 0; j < k; j++) {
        for (int i = 0; i < rows; i++) {
          q[i * k + j] = m.getAtIndex(JAVA_FLOAT, (long) j * rows + i);
        }
      }
    }
    return new Qr(q, r);
  }

  /** Returns the solution that {@code dgesv} computes, or that of {@code dgelsd} if it fails. */
  @Override
  public double[] solve(double[] a, int n, double[] b, int columns) {
    if (n < 0 || columns < 0 || a.length != (long) n * n || b.length != (long) n * columns) {
      throw new IllegalArgumentException(
          "solve: "
              + a.length
              + " and "
              + b.length
              + " numbers are not matrices of "
              + n
              + " x "
              + n
              + " and "
              + n
              + " x "
              + columns);
    }
    if (n == 0 || columns == 0) {
      return b.clone();
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment m = arena.allocateFrom(JAVA_DOUBLE, a);
      MemorySegment x = arena.allocateFrom(JAVA_DOUBLE, b);
      MemorySegment pivots = arena.allocate(JAVA_INT, n);
      int info;
      try {
        info = (int) Dgesv.HANDLE.invokeExact(ROW_MAJOR, n, columns, m, n, pivots, x, columns);
      } catch (Throwable e) {
        throw new AssertionError("a native call does not throw", e);
      }
      if (info > 0) { // singular
        return leastSquares(a, n, b, columns, arena);
      }
      done("solve", info, n, n);
      return x.toArray(JAVA_DOUBLE);
    }
  }

  private static double[] leastSquares(double[] a, int n, double[] b, int columns, Arena arena) {
    MemorySegment m = arena.allocateFrom(JAVA_DOUBLE, a);
    MemorySegment x = arena.allocateFrom(JAVA_DOUBLE, b);
    MemorySegment s = arena.allocate(JAVA_DOUBLE, n);
    MemorySegment rank = arena.allocate(JAVA_INT);
    int info;
    try {
      info =
          (int)
              Dgelsd.HANDLE.invokeExact(
                  ROW_MAJOR, n, n, columns, m, n, x, columns, s, SMALLEST, rank);
    } catch (Throwable e) {
      throw new AssertionError("a native call does not throw", e);
    }
    done("solve", info, n, n);
    return x.toArray(JAVA_DOUBLE);
  }

  private static void check(String what, float[] a, int rows, int columns) {
    if (rows < 0 || columns < 0 || a.length != (long) rows * columns) {
      throw new IllegalArgumentException(
          what + ": " + a.length + " numbers are not a matrix of " + rows + " x " + columns);
    }
    for (int i = 0; i < a.length; i++) {
      if (!Float.isFinite(a[i])) {
        throw new NonFiniteException(
            what
                + ": the matrix of "
                + rows
                + " x "
                + columns
                + " has "
                + a[i]
                + " in row "
                + i / columns
                + ", column "
                + i % columns);
      }
    }
  }

  private static void done(String what, int info, int rows, int columns) {
    if (info != 0) {
      throw new Peft4jException(
          what
              + " of a matrix of "
              + rows
              + " x "
              + columns
              + (info > 0 ? " did not converge" : ": LAPACK refused argument " + -info));
    }
  }

  private static MethodHandle bind(String name, Class<?>... arguments) {
    return Linker.nativeLinker()
        .downcallHandle(
            Blas.symbols().findOrThrow(name),
            FunctionDescriptor.of(
                JAVA_INT,
                Arrays.stream(arguments)
                    .map(Lapack::layout)
                    .toArray(java.lang.foreign.MemoryLayout[]::new)));
  }

  private static java.lang.foreign.MemoryLayout layout(Class<?> c) {
    return c == int.class
        ? JAVA_INT
        : c == byte.class ? JAVA_BYTE : c == double.class ? JAVA_DOUBLE : ADDRESS;
  }

  // each bound when it is first called

  private static final class Dgesv {
    static final MethodHandle HANDLE =
        bind(
            "LAPACKE_dgesv",
            int.class,
            int.class,
            int.class,
            MemorySegment.class,
            int.class,
            MemorySegment.class,
            MemorySegment.class,
            int.class);
  }

  private static final class Dgelsd {
    static final MethodHandle HANDLE =
        bind(
            "LAPACKE_dgelsd",
            int.class,
            int.class,
            int.class,
            int.class,
            MemorySegment.class,
            int.class,
            MemorySegment.class,
            int.class,
            MemorySegment.class,
            double.class,
            MemorySegment.class);
  }

  private static final class Sgesdd {
    static final MethodHandle HANDLE =
        bind(
            "LAPACKE_sgesdd",
            int.class,
            byte.class,
            int.class,
            int.class,
            MemorySegment.class,
            int.class,
            MemorySegment.class,
            MemorySegment.class,
            int.class,
            MemorySegment.class,
            int.class);
  }

  private static final class Dgesdd {
    static final MethodHandle HANDLE =
        bind(
            "LAPACKE_dgesdd",
            int.class,
            byte.class,
            int.class,
            int.class,
            MemorySegment.class,
            int.class,
            MemorySegment.class,
            MemorySegment.class,
            int.class,
            MemorySegment.class,
            int.class);
  }

  private static final class Bidiagonal {
    private static final Class<?> INT = int.class;
    private static final Class<?> BYTE = byte.class;
    private static final Class<?> AT = MemorySegment.class;

    static final MethodHandle REDUCE =
        bind("LAPACKE_sgebrd", INT, INT, INT, AT, INT, AT, AT, AT, AT);
    static final MethodHandle DECOMPOSE =
        bind("LAPACKE_sbdsdc", INT, BYTE, BYTE, INT, AT, AT, AT, INT, AT, INT, AT, AT);
    static final MethodHandle TURN =
        bind("LAPACKE_sormbr", INT, BYTE, BYTE, BYTE, INT, INT, INT, AT, INT, AT, AT, INT);
  }

  private static final class Sgeqrf {
    static final MethodHandle HANDLE =
        bind(
            "LAPACKE_sgeqrf",
            int.class,
            int.class,
            int.class,
            MemorySegment.class,
            int.class,
            MemorySegment.class);
  }

  private static final class Sorgqr {
    static final MethodHandle HANDLE =
        bind(
            "LAPACKE_sorgqr",
            int.class,
            int.class,
            int.class,
            int.class,
            MemorySegment.class,
            int.class,
            MemorySegment.class);
  }
}
