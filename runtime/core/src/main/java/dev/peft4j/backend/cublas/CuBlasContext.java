package dev.peft4j.backend.cublas;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * cuBLAS for one stream of a device: its handles, memory on the device for its algorithms, and the
 * algorithms that were chosen. Everything is allocated here and in {@link #prepare}, nothing in
 * {@link #multiply}, whose calls may be recorded into a CUDA graph. For one thread at a time.
 */
public final class CuBlasContext implements AutoCloseable {
  /** What NVIDIA recommends for its newest devices; older ones want less. */
  private static final long WORKSPACE = 32 << 20;

  private final CuBlas blas;
  private final CudaDriver driver;
  private final long device;
  private final long stream;
  private final long handle;
  private final long ltHandle;
  private final long workspace;
  private final Arena arena = Arena.ofShared();
  private final long zero = arena.allocateFrom(JAVA_FLOAT, 0f).address();
  private final long one = arena.allocateFrom(JAVA_FLOAT, 1f).address();
  private final Map<Gemm, LtProduct> products = new HashMap<>();

  /**
   * Creates the handles.
   *
   * @param device the address of CUDA's context, which becomes the calling thread's
   * @param stream the address of CUDA's stream
   * @throws CudaException if the device lacks memory or cuBLAS does not start
   */
  public CuBlasContext(CuBlas blas, CudaDriver driver, long device, long stream) {
    this.blas = blas;
    this.driver = driver;
    this.device = device;
    this.stream = stream;
    driver.setCurrent(device);
    workspace = driver.allocate(WORKSPACE);
    handle = blas.create();
    blas.setStream(handle, stream);
    blas.setWorkspace(handle, workspace, WORKSPACE);
    ltHandle = CuBlas.created("cublasLtCreate", blas.lt.create);
  }

  /** Chooses the algorithm of a product if cuBLAS does not do so itself. */
  public void prepare(Gemm g) {
    if (g.isExtended()) {
      driver.setCurrent(device);
      product(g);
    }
  }

  private LtProduct product(Gemm g) {
    LtProduct p = products.get(g);
    if (p == null) {
      p = new LtProduct(blas.lt, ltHandle, g, WORKSPACE);
      products.put(g, p);
    }
    return p;
  }

  /**
   * Multiplies in the stream, after what was given to it before.
   *
   * @param a the address of the buffer of a on the device
   * @param b that of b
   * @param c that of c
   * @param bias that of the bias, 0 if there is none
   * @throws CudaException if cuBLAS refuses the call
   */
  public void multiply(Gemm g, long a, long b, long c, long bias) {
    driver.setCurrent(device);
    long before = g.accumulate() ? one : zero;
    if (g.isExtended()) {
      product(g).multiply(ltHandle, a, b, c, bias, one, before, workspace, WORKSPACE, stream);
    } else {
      blas.multiply(handle, g, a, b, c, one, before);
    }
  }

  /** Frees everything; the stream must have finished. */
  @Override
  public void close() {
    driver.setCurrent(device);
    products.values().forEach(LtProduct::close);
    products.clear();
    @Nullable RuntimeException failed = null;
    for (Runnable r :
        new Runnable[] {
          () -> Native.call(blas.lt.destroy, ltHandle),
          () -> blas.destroy(handle),
          () -> driver.free(workspace),
          arena::close
        }) {
      try {
        r.run();
      } catch (RuntimeException e) {
        failed = failed == null ? e : failed;
      }
    }
    if (failed != null) {
      throw failed;
    }
  }
}
