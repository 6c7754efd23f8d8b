package dev.peft4j.backend.cublas;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A product of cuBLASLt: its descriptors and the algorithm that the library's heuristic has chosen,
 * made once for a shape and kept.
 */
final class LtProduct implements AutoCloseable {
  // cublasLtMatmulDescAttributes_t
  private static final int TRANSPOSE_FIRST = 3;
  private static final int TRANSPOSE_SECOND = 4;
  private static final int EPILOGUE = 7;
  private static final int BIAS_POINTER = 8;

  // cublasLtMatrixLayoutAttribute_t
  private static final int BATCH_COUNT = 5;
  private static final int BATCH_STEP = 6;

  // cublasLtMatmulPreferenceAttributes_t
  private static final int MAX_WORKSPACE = 1;
  private static final int[] ALIGNMENTS = {5, 6, 7, 8};

  /** Bytes of cublasLtMatmulHeuristicResult_t, which begins with the algorithm. */
  private static final long RESULT_BYTES = 96;

  /** Buffers of a device begin at a multiple of this, after the header of their arrays. */
  private static final int ALIGNMENT = 16;

  private final CuBlas.LtFunctions lt;
  private final Gemm gemm;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment algorithm = arena.allocate(RESULT_BYTES, Long.BYTES);
  private final MemorySegment biasPointer = arena.allocate(JAVA_LONG);
  private final List<Runnable> closing = new ArrayList<>();
  private final long operation;
  private final long first;
  private final long second;
  private final long result;

  /**
   * Makes the descriptors and asks for the algorithm.
   *
   * @param handle cuBLASLt's
   * @param workspace bytes that the algorithm may use on the device
   */
  LtProduct(CuBlas.LtFunctions lt, long handle, Gemm g, long workspace) {
    this.lt = lt;
    this.gemm = g;
    try {
      operation =
          made(
              "cublasLtMatmulDescCreate",
              lt.createOperation,
              lt.destroyOperation,
              g.compute().code,
              Gemm.Type.FLOAT32.code);
      set(lt.setOperation, operation, TRANSPOSE_FIRST, g.transposeB() ? 1 : 0);
      set(lt.setOperation, operation, TRANSPOSE_SECOND, g.transposeA() ? 1 : 0);
      set(lt.setOperation, operation, EPILOGUE, g.activation().epilogue(g.bias()));
      // column by column: rows and columns of what is stored change places
      first =
          g.transposeB()
              ? layout(g.operands(), g.k(), g.n(), g.b())
              : layout(g.operands(), g.n(), g.k(), g.b());
      second =
          g.transposeA()
              ? layout(g.operands(), g.m(), g.k(), g.a())
              : layout(g.operands(), g.k(), g.m(), g.a());
      result = layout(Gemm.Type.FLOAT32, g.n(), g.m(), g.c());
      choose(handle, workspace);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private long made(String call, MemorySegment create, MemorySegment destroy, long... arguments) {
    long handle = CuBlas.created(call, create, arguments);
    closing.add(() -> Native.call(destroy, handle));
    return handle;
  }

  private long layout(Gemm.Type type, long rows, long columns, Gemm.Place place) {
    long layout =
        made(
            "cublasLtMatrixLayoutCreate",
            lt.createLayout,
            lt.destroyLayout,
            type.code,
            rows,
            columns,
            place.row());
    if (gemm.count() > 1) {
      set(lt.setLayout, layout, BATCH_COUNT, gemm.count());
      setLong(lt.setLayout, layout, BATCH_STEP, place.step());
    }
    return layout;
  }

  private static void set(MemorySegment function, long of, int attribute, int value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment v = arena.allocateFrom(JAVA_INT, value);
      CuBlas.check(
          "setting cuBLASLt's attribute " + attribute,
          Native.call(function, of, attribute, v.address(), v.byteSize()));
    }
  }

  private static void setLong(MemorySegment function, long of, int attribute, long value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment v = arena.allocateFrom(JAVA_LONG, value);
      CuBlas.check(
          "setting cuBLASLt's attribute " + attribute,
          Native.call(function, of, attribute, v.address(), v.byteSize()));
    }
  }

  private void choose(long handle, long workspace) {
    long preference = CuBlas.created("cublasLtMatmulPreferenceCreate", lt.createPreference);
    try {
      setLong(lt.setPreference, preference, MAX_WORKSPACE, workspace);
      int operand = gemm.operands().bytes;
      int[] aligned = {
        alignment(gemm.b(), operand),
        alignment(gemm.a(), operand),
        alignment(gemm.c(), Float.BYTES),
        alignment(gemm.c(), Float.BYTES)
      };
      for (int i = 0; i < aligned.length; i++) {
        set(lt.setPreference, preference, ALIGNMENTS[i], aligned[i]);
      }
      if (gemm.bias()) {
        // some versions look at it: any address that is aligned will do
        setLong(lt.setOperation, operation, BIAS_POINTER, ALIGNMENT);
      }
      MemorySegment found = arena.allocate(JAVA_INT);
      int status =
          Native.call(
              lt.heuristic,
              handle,
              operation,
              first,
              second,
              result,
              result,
              preference,
              1,
              algorithm.address(),
              found.address());
      CuBlas.check("cuBLASLt's choice of an algorithm for " + gemm, status);
      if (found.get(JAVA_INT, 0) < 1) {
        throw new CudaException("cuBLASLt has no algorithm for " + gemm);
      }
    } finally {
      Native.call(lt.destroyPreference, preference);
    }
  }

  /** The alignment of the first matrix, in bytes. */
  private static int alignment(Gemm.Place place, int size) {
    long offset = place.start() * size;
    return offset == 0 ? ALIGNMENT : (int) Math.min(ALIGNMENT, Long.lowestOneBit(offset));
  }

  /** Multiplies, and adds the bias at {@code bias} if there is one. */
  void multiply(
      long handle,
      long a,
      long b,
      long c,
      long bias,
      long one,
      long before,
      long workspace,
      long workspaceBytes,
      long stream) {
    int size = gemm.operands().bytes;
    if (gemm.bias()) {
      biasPointer.set(JAVA_LONG, 0, bias);
      CuBlas.check(
          "setting cuBLASLt's bias",
          Native.call(lt.setOperation, operation, BIAS_POINTER, biasPointer.address(), Long.BYTES));
    }
    long to = c + gemm.c().start() * Float.BYTES;
    CuBlas.check(
        gemm.toString(),
        Native.call(
            lt.multiply,
            handle,
            operation,
            one,
            b + gemm.b().start() * size,
            first,
            a + gemm.a().start() * size,
            second,
            before,
            to,
            result,
            to,
            result,
            algorithm.address(),
            workspace,
            workspaceBytes,
            stream));
  }

  @Override
  public void close() {
    for (int i = closing.size() - 1; i >= 0; i--) {
      closing.get(i).run();
    }
    closing.clear();
    arena.close();
  }
}
