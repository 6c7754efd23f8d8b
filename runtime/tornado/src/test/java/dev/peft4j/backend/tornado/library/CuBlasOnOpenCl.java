package dev.peft4j.backend.tornado.library;

import dev.peft4j.backend.cublas.CuBlasContext;
import dev.peft4j.backend.cublas.FakeCuda;
import dev.peft4j.backend.cublas.Gemm;
import dev.peft4j.backend.tornado.kernel.LibraryCall;
import dev.peft4j.backend.tornado.product.LibraryProduct;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Method;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * The calls of cuBLAS, computed on the CPU between the kernels of an OpenCL device: what they get,
 * and in which order, is what a GPU would get. Buffers are read from the device before a call and
 * written after it.
 */
public final class CuBlasOnOpenCl implements LibraryTasks.Executor {
  /** The functions, and what they count. */
  public static final FakeCuda FAKE = new FakeCuda();

  /** Contexts that are open, and tasks that ran. */
  public static final AtomicInteger OPEN = new AtomicInteger();

  public static final AtomicInteger RUNS = new AtomicInteger();

  private static final int[] NO_EVENTS = null;
  private static boolean registered;

  private final CuBlasContext blas = new CuBlasContext(FAKE.blas(), FAKE.driver(), 7, 8);
  private final Set<LibraryCall> prepared = new HashSet<>();
  private final Object context;
  private final Method read;
  private final Method write;
  private final long plan;

  private CuBlasOnOpenCl(TornadoDevice device, long plan) {
    this.plan = plan;
    try {
      context = device.getClass().getMethod("getDeviceContext").invoke(device);
      Class<?>[] types = {
        long.class, long.class, long.class, long.class, long.class, long.class, int[].class
      };
      read = context.getClass().getMethod("readBuffer", types);
      write = context.getClass().getMethod("writeBuffer", types);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
    OPEN.incrementAndGet();
  }

  /** Enters it for all devices, once. */
  public static synchronized void register() {
    if (!registered) {
      registered = true;
      LibraryTasks.register(LibraryProduct.CUBLAS, d -> true, CuBlasOnOpenCl::new);
    }
  }

  @Override
  public void prepare(LibraryCall call) {
    prepared.add(call);
    call.products().forEach(blas::prepare);
  }

  @Override
  public void run(LibraryCall call, long[] addresses) {
    if (!prepared.contains(call)) {
      throw new AssertionError("not prepared: " + call);
    }
    RUNS.incrementAndGet();
    long[] bytes = new long[addresses.length];
    for (Gemm g : call.products()) {
      int size = g.operands() == Gemm.Type.FLOAT32 ? 4 : 2;
      boolean ta = g.transposeA();
      boolean tb = g.transposeB();
      most(bytes, call.a(), g.a(), g.count(), ta ? g.k() : g.m(), ta ? g.m() : g.k(), size);
      most(bytes, call.b(), g.b(), g.count(), tb ? g.n() : g.k(), tb ? g.k() : g.n(), size);
      most(bytes, call.c(), g.c(), g.count(), g.m(), g.n(), 4);
      if (call.bias() >= 0) {
        bytes[call.bias()] = 4L * g.n();
      }
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment[] host = new MemorySegment[addresses.length];
      for (int i = 0; i < host.length; i++) {
        host[i] = arena.allocate(bytes[i], 16);
        move(read, addresses[i], host[i]);
      }
      for (Gemm g : call.products()) {
        blas.multiply(
            g,
            host[call.a()].address(),
            host[call.b()].address(),
            host[call.c()].address(),
            call.bias() < 0 ? 0 : host[call.bias()].address());
      }
      move(write, addresses[call.c()], host[call.c()]);
    }
  }

  private static void most(
      long[] bytes, int buffer, Gemm.Place p, int count, int rows, int columns, int size) {
    long end = p.start() + (count - 1) * p.step() + (long) (rows - 1) * p.row() + columns;
    bytes[buffer] = Math.max(bytes[buffer], end * size);
  }

  private void move(Method method, long address, MemorySegment host) {
    try {
      method.invoke(
          context,
          plan,
          address - TornadoNativeArray.ARRAY_HEADER,
          TornadoNativeArray.ARRAY_HEADER,
          host.byteSize(),
          host.address(),
          0L,
          NO_EVENTS);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    blas.close();
    OPEN.decrementAndGet();
  }
}
