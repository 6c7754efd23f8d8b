package dev.peft4j.backend.cublas;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Functions with the names and arguments of cuBLAS, cuBLASLt and the driver that compute on the
 * CPU, as their documentation says, over addresses of the host. They refuse what the real ones
 * refuse: rows that are too short, unknown handles, memory that was not allocated.
 */
public final class FakeCuda {
  private static final int INVALID_VALUE = 7;
  private static final int NOT_SUPPORTED = 15;

  /** A function of any of the libraries. */
  private interface Function {
    long call(long[] a);
  }

  private final Arena arena = Arena.ofShared();
  private final Map<String, MemorySegment> functions = new HashMap<>();
  private final Map<Long, MemorySegment> memory = new HashMap<>();
  private final Map<Long, Map<Integer, Long>> objects = new HashMap<>();
  private final Map<Long, String> kinds = new HashMap<>();
  private long next = 0x1000;

  /** Products of cuBLAS, of cuBLASLt, and choices of an algorithm that were asked for. */
  public int products;

  public int ltProducts;
  public int choices;

  /** The context that is the thread's, and the stream that products go to. */
  public long context;

  public long stream;

  /** Bytes of the device that are left. */
  public long free = 1L << 30;

  /** Whether cuBLASLt finds an algorithm. */
  public boolean hasAlgorithms = true;

  /** The compute types that were asked for. */
  public final Set<Long> computes = new TreeSet<>();

  /** Makes the functions. */
  public FakeCuda() {
    define("cuCtxSetCurrent", a -> ok(context = a[0]));
    define("cuMemAlloc_v2", this::allocate);
    define("cuMemFree_v2", this::free);
    define("cuMemGetInfo_v2", a -> store(a[0], free) + store(a[1], 1L << 31));
    define("cublasCreate_v2", a -> create("cublas", a[0]));
    define("cublasDestroy_v2", a -> destroy("cublas", a[0]));
    define("cublasSetStream_v2", a -> is("cublas", a[0]) ? ok(stream = a[1]) : 1);
    define("cublasSetWorkspace_v2", a -> memory.containsKey(a[1]) && a[1] % 256 == 0 ? 0 : 7);
    define("cublasGetProperty", a -> storeInt(a[1], a[0] == 0 ? 13 : (int) a[0]));
    define("cublasGemmStridedBatchedEx", this::gemm);
    define("cublasLtCreate", a -> create("lt", a[0]));
    define("cublasLtDestroy", a -> destroy("lt", a[0]));
    define("cublasLtMatmulDescCreate", a -> create("operation", a[0], 0, a[1], 1, a[2]));
    define("cublasLtMatmulDescDestroy", a -> destroy("operation", a[0]));
    define("cublasLtMatmulDescSetAttribute", a -> set("operation", a));
    define(
        "cublasLtMatrixLayoutCreate",
        a -> create("layout", a[0], 0, a[1], 2, a[2], 3, a[3], 4, a[4], 5, 1, 6, 0));
    define("cublasLtMatrixLayoutDestroy", a -> destroy("layout", a[0]));
    define("cublasLtMatrixLayoutSetAttribute", a -> set("layout", a));
    define(
        "cublasLtMatmulPreferenceCreate",
        a -> create("preference", a[0], 5, 256, 6, 256, 7, 256, 8, 256));
    define("cublasLtMatmulPreferenceDestroy", a -> destroy("preference", a[0]));
    define("cublasLtMatmulPreferenceSetAttribute", a -> set("preference", a));
    define("cublasLtMatmulAlgoGetHeuristic", this::choose);
    define("cublasLtMatmul", this::ltMultiply);
  }

  /** Returns cuBLAS with these functions. */
  public CuBlas blas() {
    return CuBlas.of("fake", symbols(), symbols()).orElseThrow();
  }

  /** Returns the driver with these functions. */
  public CudaDriver driver() {
    return CudaDriver.of(symbols()).orElseThrow();
  }

  /** Returns the functions without some of them. */
  public SymbolLookup symbols(String... without) {
    return name ->
        Set.of(without).contains(name)
            ? Optional.empty()
            : Optional.ofNullable(functions.get(name));
  }

  /** Returns what was created and not destroyed. */
  public List<String> alive() {
    List<String> all = new ArrayList<>(kinds.values());
    memory.keySet().forEach(m -> all.add("memory"));
    return all;
  }

  private void define(String name, Function f) {
    try {
      var handle =
          MethodHandles.lookup()
              .findVirtual(Function.class, "call", MethodType.methodType(long.class, long[].class))
              .bindTo(f)
              .asCollector(long[].class, Native.MAX_ARGUMENTS);
      functions.put(name, Linker.nativeLinker().upcallStub(handle, Native.SIGNATURE, arena));
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  private static MemorySegment at(long address, long bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }

  private static long ok(long ignored) {
    return 0;
  }

  private static long store(long address, long value) {
    at(address, 8).set(JAVA_LONG, 0, value);
    return 0;
  }

  private static long storeInt(long address, int value) {
    at(address, 4).set(JAVA_INT, 0, value);
    return 0;
  }

  private long allocate(long[] a) {
    if (a[1] > free) {
      return 2;
    }
    MemorySegment m = arena.allocate(a[1], 256);
    memory.put(m.address(), m);
    free -= a[1];
    return store(a[0], m.address());
  }

  private long free(long[] a) {
    MemorySegment m = memory.remove(a[0]);
    free += m == null ? 0 : m.byteSize();
    return m == null ? 1 : 0;
  }

  private long create(String kind, long address, long... attributes) {
    long handle = next++;
    Map<Integer, Long> of = new HashMap<>();
    for (int i = 0; i < attributes.length; i += 2) {
      of.put((int) attributes[i], attributes[i + 1]);
    }
    objects.put(handle, of);
    kinds.put(handle, kind);
    return store(address, handle);
  }

  private boolean is(String kind, long handle) {
    return kind.equals(kinds.get(handle));
  }

  private long destroy(String kind, long handle) {
    if (!is(kind, handle)) {
      return INVALID_VALUE;
    }
    objects.remove(handle);
    kinds.remove(handle);
    return 0;
  }

  private long set(String kind, long[] a) {
    if (!is(kind, a[0]) || a[3] != 4 && a[3] != 8) {
      return INVALID_VALUE;
    }
    long value = a[3] == 4 ? at(a[2], 4).get(JAVA_INT, 0) : at(a[2], 8).get(JAVA_LONG, 0);
    objects.get(a[0]).put((int) a[1], value);
    return 0;
  }

  private long choose(long[] a) {
    choices++;
    boolean known =
        is("lt", a[0])
            && is("operation", a[1])
            && is("layout", a[2])
            && is("layout", a[3])
            && is("layout", a[4])
            && is("layout", a[5])
            && is("preference", a[6])
            && a[7] == 1;
    if (!known) {
      return INVALID_VALUE;
    }
    // what begins after a header of 16 bytes is not aligned to 256
    Map<Integer, Long> preference = objects.get(a[6]);
    for (int i = 5; i <= 8; i++) {
      if (preference.get(i) > 16) {
        return NOT_SUPPORTED;
      }
    }
    at(a[8], 96).set(JAVA_LONG, 0, 0xa190);
    return storeInt(a[9], hasAlgorithms ? 1 : 0);
  }

  private long gemm(long[] a) {
    products++;
    computes.add(a[21]);
    if (!is("cublas", a[0]) || a[8] != a[12] || a[17] != 0) {
      return INVALID_VALUE;
    }
    return multiply(
        new Product(
            a[1] == 1,
            a[2] == 1,
            (int) a[3],
            (int) a[4],
            (int) a[5],
            (int) a[8],
            a[7],
            a[9],
            a[10],
            a[11],
            a[13],
            a[14],
            a[16],
            a[16],
            a[18],
            a[19],
            (int) a[20],
            (int) a[21],
            1,
            0),
        a[6],
        a[15]);
  }

  private long ltMultiply(long[] a) {
    ltProducts++;
    if (!is("lt", a[0]) || at(a[12], 8).get(JAVA_LONG, 0) != 0xa190 || a[15] != stream) {
      return INVALID_VALUE;
    }
    Map<Integer, Long> operation = objects.get(a[1]);
    Map<Integer, Long> first = objects.get(a[4]);
    Map<Integer, Long> second = objects.get(a[6]);
    Map<Integer, Long> result = objects.get(a[11]);
    boolean ta = operation.getOrDefault(3, 0L) == 1;
    boolean tb = operation.getOrDefault(4, 0L) == 1;
    computes.add(operation.get(0));
    long m = result.get(2);
    long n = result.get(3);
    long k = ta ? first.get(2) : first.get(3);
    boolean fits =
        (ta ? first.get(3) : first.get(2)) == m
            && (tb ? second.get(2) : second.get(3)) == n
            && (tb ? second.get(3) : second.get(2)) == k;
    if (!fits) {
      return INVALID_VALUE;
    }
    return multiply(
        new Product(
            ta,
            tb,
            (int) m,
            (int) n,
            (int) k,
            (int) (long) first.get(0),
            a[3],
            first.get(4),
            first.get(6),
            a[5],
            second.get(4),
            second.get(6),
            a[8],
            a[10],
            result.get(4),
            result.get(6),
            (int) (long) result.get(5),
            (int) (long) operation.get(0),
            (int) (long) operation.get(7),
            operation.getOrDefault(8, 0L)),
        a[2],
        a[7]);
  }

  /** A product of matrices that are stored column by column. */
  private record Product(
      boolean ta,
      boolean tb,
      int m,
      int n,
      int k,
      int type,
      long a,
      long lda,
      long stepA,
      long b,
      long ldb,
      long stepB,
      long c,
      long d,
      long ldc,
      long stepC,
      int count,
      int compute,
      int epilogue,
      long bias) {}

  private static long multiply(Product p, long alpha, long beta) {
    if (p.lda < (p.ta ? p.k : p.m) || p.ldb < (p.tb ? p.n : p.k) || p.ldc < p.m || p.count < 1) {
      return INVALID_VALUE;
    }
    float times = at(alpha, 4).get(JAVA_FLOAT, 0);
    float before = at(beta, 4).get(JAVA_FLOAT, 0);
    for (int z = 0; z < p.count; z++) {
      for (int j = 0; j < p.n; j++) {
        for (int i = 0; i < p.m; i++) {
          double sum = 0;
          for (int l = 0; l < p.k; l++) {
            long x = z * p.stepA + (p.ta ? l + i * p.lda : i + l * p.lda);
            long y = z * p.stepB + (p.tb ? j + l * p.ldb : l + j * p.ldb);
            sum +=
                (double) rounded(number(p.type, p.a, x), p.compute)
                    * rounded(number(p.type, p.b, y), p.compute);
          }
          long at = 4 * (z * p.stepC + i + j * p.ldc);
          sum *= times;
          if (before != 0) {
            sum += before * at(p.c + at, 4).get(JAVA_FLOAT, 0);
          }
          if ((p.epilogue & 4) != 0) {
            sum += at(p.bias + 4L * i, 4).get(JAVA_FLOAT, 0);
          }
          if ((p.epilogue & 2) != 0) {
            sum = Math.max(0, sum);
          }
          if ((p.epilogue & 32) != 0) {
            sum *=
                0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (sum + 0.044715 * sum * sum * sum)));
          }
          at(p.d + at, 4).set(JAVA_FLOAT, 0, (float) sum);
        }
      }
    }
    return 0;
  }

  private static float number(int type, long address, long i) {
    if (type == 0) {
      return at(address + 4 * i, 4).get(JAVA_FLOAT, 0);
    }
    short bits = at(address + 2 * i, 2).get(JAVA_SHORT, 0);
    return type == 14 ? Float.intBitsToFloat(bits << 16) : Float.float16ToFloat(bits);
  }

  /** The bits that take part in a product. */
  private static float rounded(float x, int compute) {
    int dropped = compute == 77 ? 13 : compute == 75 ? 16 : 0;
    if (dropped == 0) {
      return x;
    }
    int bits = Float.floatToRawIntBits(x) + (1 << dropped - 1);
    return Float.intBitsToFloat(bits >> dropped << dropped);
  }
}
