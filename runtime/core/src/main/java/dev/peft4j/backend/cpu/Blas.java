package dev.peft4j.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.peft4j.Peft4jException;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products through OpenBLAS, whose library is in a jar of {@code org.bytedeco:openblas}.
 *
 * <p>OpenBLAS is told to use one thread: callers cut a product by rows or columns and give each of
 * their threads a piece. Calls from several threads at once are safe.
 */
@SuppressWarnings("restricted")
final class Blas {
  private static final int ROW_MAJOR = 101;
  private static final int PLAIN = 111;
  private static final int TRANSPOSED = 112;

  private static final @Nullable MethodHandle SGEMM;
  private static final @Nullable SymbolLookup SYMBOLS;
  private static final @Nullable String PROBLEM;

  static {
    MethodHandle sgemm = null;
    SymbolLookup symbols = null;
    String problem = null;
    try {
      symbols = NativeLibrary.load(library());
      sgemm = bind(symbols);
    } catch (IllegalCallerException e) {
      problem =
          "OpenBLAS cannot be called, native access is denied to this program: start Java with "
              + Memory.flag();
    } catch (IOException | RuntimeException | LinkageError e) {
      problem = "OpenBLAS could not be loaded: " + e.getMessage();
    }
    SGEMM = sgemm;
    SYMBOLS = symbols;
    PROBLEM = problem;
  }

  private Blas() {}

  /**
   * Checks that the library is loaded; called before the first product, so that a missing library
   * is reported before the work begins.
   *
   * @throws Peft4jException if OpenBLAS could not be loaded; says why
   */
  static void requireLibrary() {
    if (SGEMM == null) {
      throw new Peft4jException(PROBLEM);
    }
  }

  /**
   * {@code c = alpha * op(a) · op(b) + beta * c} with row-major float matrices, where {@code op(a)}
   * is (m, k), {@code op(b)} is (k, n) and {@code c} is (m, n); {@code c} is not read if {@code
   * beta} is 0. Addresses are of the first elements, {@code lda}, {@code ldb} and {@code ldc} the
   * distances between rows as stored, in elements.
   *
   * @throws IllegalArgumentException if a size is negative or a row is longer than the distance
   *     between rows
   * @throws Peft4jException if OpenBLAS could not be loaded
   */
  static void gemm(
      boolean transA,
      boolean transB,
      int m,
      int n,
      int k,
      float alpha,
      long a,
      int lda,
      long b,
      int ldb,
      float beta,
      long c,
      int ldc) {
    if (SGEMM == null) {
      throw new Peft4jException(PROBLEM);
    }
    // OpenBLAS itself would print a line and leave c as it was.
    if ((m | n | k) < 0 || lda < (transA ? m : k) || ldb < (transB ? k : n) || ldc < n) {
      throw new IllegalArgumentException(
          "no product of "
              + m
              + " x "
              + k
              + " and "
              + k
              + " x "
              + n
              + (transA ? ", first transposed" : "")
              + (transB ? ", second transposed" : "")
              + ", with rows "
              + lda
              + ", "
              + ldb
              + " and "
              + ldc
              + " apart");
    }
    if (m == 0 || n == 0) {
      return;
    }
    try {
      SGEMM.invokeExact(
          ROW_MAJOR,
          transA ? TRANSPOSED : PLAIN,
          transB ? TRANSPOSED : PLAIN,
          m,
          n,
          k,
          alpha,
          a,
          Math.max(1, lda),
          b,
          Math.max(1, ldb),
          beta,
          c,
          ldc);
    } catch (Throwable e) {
      throw new AssertionError("a native call does not throw", e);
    }
  }

  /**
   * What else the library has, such as LAPACK.
   *
   * @throws Peft4jException if OpenBLAS could not be loaded; says why
   */
  static SymbolLookup symbols() {
    if (SGEMM == null || SYMBOLS == null) {
      throw new Peft4jException(PROBLEM);
    }
    return SYMBOLS;
  }

  private static MethodHandle bind(SymbolLookup symbols) {
    Linker linker = Linker.nativeLinker();
    NativeCalls.call(symbols.findOrThrow("openblas_set_num_threads"), 1);
    MemorySegment sgemm = symbols.findOrThrow("cblas_sgemm");
    // Pointers are passed as longs: the same registers, and no object for each address.
    return linker.downcallHandle(
        sgemm,
        FunctionDescriptor.ofVoid(
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_FLOAT,
            JAVA_LONG,
            JAVA_INT,
            JAVA_LONG,
            JAVA_INT,
            JAVA_FLOAT,
            JAVA_LONG,
            JAVA_INT));
  }

  /** The unpacked library; those it depends on are in the same folder, where it looks for them. */
  private static Path library() throws IOException {
    String platform = NativeLibrary.platform();
    if (platform.startsWith("linux")) {
      return NativeLibrary.unpack(
          "openblas", "libopenblas.so.0", "libgcc_s.so.1", "libquadmath.so.0", "libgfortran.so.5");
    }
    if (platform.startsWith("macosx")) {
      return NativeLibrary.unpack(
          "openblas",
          "libopenblas.0.dylib",
          "libgcc_s.1.1.dylib",
          "libquadmath.0.dylib",
          "libgfortran.5.dylib");
    }
    if (platform.startsWith("windows")) {
      return NativeLibrary.unpack("openblas", "libopenblas.dll");
    }
    throw new IOException("there is no build of it for the platform " + platform);
  }
}
