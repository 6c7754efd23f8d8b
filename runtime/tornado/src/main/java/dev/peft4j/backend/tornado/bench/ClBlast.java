package dev.peft4j.backend.tornado.bench;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/**
 * Products of the CLBlast library (Debian's {@code libclblast-dev}) on the first device of an
 * OpenCL platform: {@code c = a · bᵀ} for row-major float matrices on the device.
 */
@SuppressWarnings("restricted")
final class ClBlast implements AutoCloseable {
  private static final long ALL_DEVICES = 0xFFFFFFFFL;
  private static final long READ_WRITE = 1;
  private static final int TRUE = 1;
  private static final int ROW_MAJOR = 101;
  private static final int PLAIN = 111;
  private static final int TRANSPOSED = 112;

  private final Arena arena = Arena.ofConfined();
  private final SymbolLookup openCl = library("OpenCL", "libOpenCL.so.1");
  private final SymbolLookup clBlast = library("CLBlast", "libclblast.so.1");
  private final MethodHandle gemm =
      handle(
          clBlast,
          "CLBlastSgemm",
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_FLOAT,
          ADDRESS,
          JAVA_LONG,
          JAVA_LONG,
          ADDRESS,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_FLOAT,
          ADDRESS,
          JAVA_LONG,
          JAVA_LONG,
          ADDRESS,
          ADDRESS);
  private final MethodHandle finish = handle(openCl, "clFinish", JAVA_INT, ADDRESS);
  private final int m;
  private final int n;
  private final int k;
  private final MemorySegment context;
  private final MemorySegment queue;
  private final MemorySegment queueHolder;
  private final MemorySegment a;
  private final MemorySegment b;
  private final MemorySegment c;

  /**
   * Brings the operands to the device.
   *
   * @param platform number of the OpenCL platform
   * @param a (m, k)
   * @param b (n, k)
   */
  ClBlast(int platform, int m, int n, int k, MemorySegment a, MemorySegment b) {
    this.m = m;
    this.n = n;
    this.k = k;
    MemorySegment device = device(platform);
    MemorySegment status = arena.allocate(JAVA_INT);
    MemorySegment devices = arena.allocate(ADDRESS);
    devices.set(ADDRESS, 0, device);
    context =
        pointer(
            handle(
                openCl,
                "clCreateContext",
                ADDRESS,
                ADDRESS,
                JAVA_INT,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS),
            MemorySegment.NULL,
            1,
            devices,
            MemorySegment.NULL,
            MemorySegment.NULL,
            status);
    queue =
        pointer(
            handle(openCl, "clCreateCommandQueue", ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS),
            context,
            device,
            0L,
            status);
    queueHolder = arena.allocate(ADDRESS);
    queueHolder.set(ADDRESS, 0, queue);
    this.a = buffer(4L * m * k, status);
    this.b = buffer(4L * n * k, status);
    this.c = buffer(4L * m * n, status);
    write(this.a, a);
    write(this.b, b);
  }

  /** Computes c and waits for it. */
  void multiply() {
    check(
        "CLBlastSgemm",
        number(
            gemm,
            ROW_MAJOR,
            PLAIN,
            TRANSPOSED,
            (long) m,
            (long) n,
            (long) k,
            1f,
            a,
            0L,
            (long) k,
            b,
            0L,
            (long) k,
            0f,
            c,
            0L,
            (long) n,
            queueHolder,
            MemorySegment.NULL));
    check("clFinish", number(finish, queue));
  }

  /** Element {@code i} of c. */
  float result(long i) {
    MemorySegment value = arena.allocate(JAVA_FLOAT);
    check("clEnqueueReadBuffer", transfer("clEnqueueReadBuffer", c, 4 * i, 4, value));
    return value.get(JAVA_FLOAT, 0);
  }

  private MemorySegment device(int platform) {
    MemorySegment platforms = arena.allocate(ADDRESS, platform + 1);
    check(
        "clGetPlatformIDs",
        number(
            handle(openCl, "clGetPlatformIDs", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS),
            platform + 1,
            platforms,
            MemorySegment.NULL));
    MemorySegment devices = arena.allocate(ADDRESS);
    check(
        "clGetDeviceIDs",
        number(
            handle(
                openCl, "clGetDeviceIDs", JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS),
            platforms.getAtIndex(ADDRESS, platform),
            ALL_DEVICES,
            1,
            devices,
            MemorySegment.NULL));
    return devices.get(ADDRESS, 0);
  }

  private MemorySegment buffer(long bytes, MemorySegment status) {
    return pointer(
        handle(openCl, "clCreateBuffer", ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS),
        context,
        READ_WRITE,
        bytes,
        MemorySegment.NULL,
        status);
  }

  private void write(MemorySegment buffer, MemorySegment data) {
    check(
        "clEnqueueWriteBuffer", transfer("clEnqueueWriteBuffer", buffer, 0, data.byteSize(), data));
  }

  private int transfer(
      String function, MemorySegment buffer, long from, long bytes, MemorySegment host) {
    return number(
        handle(
            openCl, function, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS,
            JAVA_INT, ADDRESS, ADDRESS),
        queue,
        buffer,
        TRUE,
        from,
        bytes,
        host,
        0,
        MemorySegment.NULL,
        MemorySegment.NULL);
  }

  private SymbolLookup library(String name, String file) {
    try {
      return SymbolLookup.libraryLookup(file, arena);
    } catch (IllegalArgumentException e) {
      throw new IllegalStateException(
          name + " is not installed: there is no " + file + " (Debian: libclblast-dev)", e);
    }
  }

  private static MethodHandle handle(
      SymbolLookup library, String name, MemoryLayout result, MemoryLayout... arguments) {
    return Linker.nativeLinker()
        .downcallHandle(library.findOrThrow(name), FunctionDescriptor.of(result, arguments));
  }

  private static MemorySegment pointer(MethodHandle function, Object... arguments) {
    return (MemorySegment) call(function, arguments);
  }

  private static int number(MethodHandle function, Object... arguments) {
    return (int) call(function, arguments);
  }

  private static Object call(MethodHandle function, Object... arguments) {
    try {
      return function.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new AssertionError("a native call does not throw", e);
    }
  }

  private static void check(String function, int status) {
    if (status != 0) {
      throw new IllegalStateException(function + " returned " + status);
    }
  }

  @Override
  public void close() {
    MethodHandle release = handle(openCl, "clReleaseMemObject", JAVA_INT, ADDRESS);
    number(release, a);
    number(release, b);
    number(release, c);
    number(handle(openCl, "clReleaseCommandQueue", JAVA_INT, ADDRESS), queue);
    number(handle(openCl, "clReleaseContext", JAVA_INT, ADDRESS), context);
    arena.close();
  }
}
