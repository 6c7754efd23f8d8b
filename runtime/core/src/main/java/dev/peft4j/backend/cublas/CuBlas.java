package dev.peft4j.backend.cublas;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The functions of cuBLAS and cuBLASLt that are called, with their status checked. Arguments are in
 * the order of NVIDIA's headers.
 */
public final class CuBlas {
  private final String file;
  private final MemorySegment create;
  private final MemorySegment destroy;
  private final MemorySegment setStream;
  private final MemorySegment setWorkspace;
  private final MemorySegment gemm;
  private final MemorySegment getVersion;
  final LtFunctions lt;

  /** The functions of cuBLASLt. */
  static final class LtFunctions {
    final MemorySegment create;
    final MemorySegment destroy;
    final MemorySegment createOperation;
    final MemorySegment destroyOperation;
    final MemorySegment setOperation;
    final MemorySegment createLayout;
    final MemorySegment destroyLayout;
    final MemorySegment setLayout;
    final MemorySegment createPreference;
    final MemorySegment destroyPreference;
    final MemorySegment setPreference;
    final MemorySegment heuristic;
    final MemorySegment multiply;

    LtFunctions(SymbolLookup s) {
      create = s.findOrThrow("cublasLtCreate");
      destroy = s.findOrThrow("cublasLtDestroy");
      createOperation = s.findOrThrow("cublasLtMatmulDescCreate");
      destroyOperation = s.findOrThrow("cublasLtMatmulDescDestroy");
      setOperation = s.findOrThrow("cublasLtMatmulDescSetAttribute");
      createLayout = s.findOrThrow("cublasLtMatrixLayoutCreate");
      destroyLayout = s.findOrThrow("cublasLtMatrixLayoutDestroy");
      setLayout = s.findOrThrow("cublasLtMatrixLayoutSetAttribute");
      createPreference = s.findOrThrow("cublasLtMatmulPreferenceCreate");
      destroyPreference = s.findOrThrow("cublasLtMatmulPreferenceDestroy");
      setPreference = s.findOrThrow("cublasLtMatmulPreferenceSetAttribute");
      heuristic = s.findOrThrow("cublasLtMatmulAlgoGetHeuristic");
      multiply = s.findOrThrow("cublasLtMatmul");
    }
  }

  private CuBlas(String file, SymbolLookup blas, SymbolLookup lt) {
    this.file = file;
    create = blas.findOrThrow("cublasCreate_v2");
    destroy = blas.findOrThrow("cublasDestroy_v2");
    setStream = blas.findOrThrow("cublasSetStream_v2");
    setWorkspace = blas.findOrThrow("cublasSetWorkspace_v2");
    gemm = blas.findOrThrow("cublasGemmStridedBatchedEx");
    getVersion = blas.findOrThrow("cublasGetProperty");
    this.lt = new LtFunctions(lt);
  }

  /**
   * Returns the functions of two libraries; empty if one of them is missing.
   *
   * @param file where they were found
   */
  public static Optional<CuBlas> of(String file, SymbolLookup blas, SymbolLookup lt) {
    try {
      return Optional.of(new CuBlas(file, blas, lt));
    } catch (NoSuchElementException e) {
      return Optional.empty();
    }
  }

  /** Returns its version and where it was found: {@code cuBLAS 13.0.2 (/usr/…)}. */
  @Override
  public String toString() {
    try (Arena arena = Arena.ofConfined()) {
      StringBuilder s = new StringBuilder("cuBLAS ");
      for (int part = 0; part < 3; part++) { // major, minor, patch
        MemorySegment number = arena.allocate(JAVA_INT);
        check("cublasGetProperty", Native.call(getVersion, part, number.address()));
        s.append(part == 0 ? "" : ".").append(number.get(JAVA_INT, 0));
      }
      return s.append(" (").append(file).append(')').toString();
    }
  }

  long create() {
    return created("cublasCreate", create);
  }

  void destroy(long handle) {
    check("cublasDestroy", Native.call(destroy, handle));
  }

  void setStream(long handle, long stream) {
    check("cublasSetStream", Native.call(setStream, handle, stream));
  }

  void setWorkspace(long handle, long pointer, long bytes) {
    check("cublasSetWorkspace", Native.call(setWorkspace, handle, pointer, bytes));
  }

  /**
   * Multiplies.
   *
   * @param one the address of a float32 that is 1
   * @param before the address of the float32 that c is multiplied by before it is added to
   */
  void multiply(long handle, Gemm g, long a, long b, long c, long one, long before) {
    int size = g.operands().bytes;
    check(
        g.toString(),
        Native.call(
            gemm,
            handle,
            g.transposeB() ? 1 : 0,
            g.transposeA() ? 1 : 0,
            g.n(),
            g.m(),
            g.k(),
            one,
            b + g.b().start() * size,
            g.operands().code,
            g.b().row(),
            g.b().step(),
            a + g.a().start() * size,
            g.operands().code,
            g.a().row(),
            g.a().step(),
            before,
            c + g.c().start() * Float.BYTES,
            Gemm.Type.FLOAT32.code,
            g.c().row(),
            g.c().step(),
            g.count(),
            g.compute().code,
            -1)); // CUBLAS_GEMM_DEFAULT: its own choice for the shape, which it keeps
  }

  /** Calls a function that stores a handle at its first argument. */
  static long created(String call, MemorySegment function, long... further) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handle = arena.allocate(JAVA_LONG);
      long[] arguments = new long[further.length + 1];
      arguments[0] = handle.address();
      System.arraycopy(further, 0, arguments, 1, further.length);
      check(call, Native.call(function, arguments));
      return handle.get(JAVA_LONG, 0);
    }
  }

  /** Throws unless the status is success. */
  static void check(String call, int status) {
    if (status != 0) {
      throw new CudaException(call + " failed: " + status(status));
    }
  }

  private static String status(int status) {
    @Nullable String name =
        switch (status) {
          case 1 -> "NOT_INITIALIZED, the CUDA driver does not answer";
          case 3 -> "ALLOC_FAILED, the device is out of memory";
          case 7 -> "INVALID_VALUE";
          case 8 -> "ARCH_MISMATCH, the device is too old for it";
          case 11 -> "MAPPING_ERROR";
          case 13 -> "EXECUTION_FAILED";
          case 14 -> "INTERNAL_ERROR";
          case 15 -> "NOT_SUPPORTED";
          case 16 -> "LICENSE_ERROR";
          default -> null;
        };
    return name == null ? "status " + status : "CUBLAS_STATUS_" + name;
  }
}
