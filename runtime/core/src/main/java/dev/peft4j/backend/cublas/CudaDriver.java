package dev.peft4j.backend.cublas;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.Optional;

/** The few functions of NVIDIA's driver that are called: contexts and memory. */
public final class CudaDriver {
  private final MemorySegment setCurrent;
  private final MemorySegment allocate;
  private final MemorySegment free;
  private final MemorySegment memoryInfo;

  private CudaDriver(SymbolLookup symbols) {
    setCurrent = symbols.findOrThrow("cuCtxSetCurrent");
    allocate = symbols.findOrThrow("cuMemAlloc_v2");
    free = symbols.findOrThrow("cuMemFree_v2");
    memoryInfo = symbols.findOrThrow("cuMemGetInfo_v2");
  }

  /** Returns the driver of a library; empty if it lacks one of its functions. */
  public static Optional<CudaDriver> of(SymbolLookup symbols) {
    try {
      return Optional.of(new CudaDriver(symbols));
    } catch (java.util.NoSuchElementException e) {
      return Optional.empty();
    }
  }

  /** Makes a context the one of this thread. */
  void setCurrent(long context) {
    check("cuCtxSetCurrent", Native.call(setCurrent, context));
  }

  /** Returns the address of memory on the device, a multiple of 256. */
  long allocate(long bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pointer = arena.allocate(JAVA_LONG);
      check("cuMemAlloc of " + bytes + " bytes", Native.call(allocate, pointer.address(), bytes));
      return pointer.get(JAVA_LONG, 0);
    }
  }

  void free(long pointer) {
    check("cuMemFree", Native.call(free, pointer));
  }

  /**
   * Returns the bytes that are free on the device of a context.
   *
   * @param context the address of a context; it becomes this thread's
   */
  public long freeMemory(long context) {
    setCurrent(context);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment sizes = arena.allocate(JAVA_LONG, 2);
      check(
          "cuMemGetInfo",
          Native.call(memoryInfo, sizes.address(), sizes.address() + JAVA_LONG.byteSize()));
      return sizes.get(JAVA_LONG, 0);
    }
  }

  private static void check(String call, int status) {
    if (status == 2) {
      throw new CudaException(call + ": the device is out of memory (CUDA_ERROR_OUT_OF_MEMORY)");
    }
    if (status != 0) {
      throw new CudaException(call + " failed with CUDA error " + status);
    }
  }
}
