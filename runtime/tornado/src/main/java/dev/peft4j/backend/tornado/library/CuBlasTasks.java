package dev.peft4j.backend.tornado.library;

import dev.peft4j.backend.cublas.CuBlas;
import dev.peft4j.backend.cublas.CuBlasContext;
import dev.peft4j.backend.cublas.CudaDriver;
import dev.peft4j.backend.cublas.Gemm;
import dev.peft4j.backend.tornado.kernel.LibraryCall;
import java.lang.reflect.InvocationTargetException;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/** The tasks of cuBLAS on TornadoVM's CUDA backend, in the stream of the execution plan. */
public final class CuBlasTasks implements LibraryTasks.Executor {
  private final CuBlasContext context;

  /** Creates the tasks of a context. */
  public CuBlasTasks(CuBlasContext context) {
    this.context = context;
  }

  /** Enters cuBLAS for the devices of the CUDA backend, under the name {@code library}. */
  public static void register(String library, CuBlas blas, CudaDriver driver) {
    LibraryTasks.register(
        library,
        CuBlasTasks::hasStream,
        (device, plan) ->
            new CuBlasTasks(
                new CuBlasContext(
                    blas,
                    driver,
                    address(device, "getNativeContext", plan),
                    address(device, "getNativeStream", plan))));
  }

  /** Returns true if a device tells the addresses of its context and streams. */
  public static boolean hasStream(TornadoDevice device) {
    try {
      device.getClass().getMethod("getNativeStream", long.class);
      return true;
    } catch (NoSuchMethodException e) {
      return false;
    }
  }

  /** Returns the address of the context of the device for a plan. */
  public static long nativeContext(TornadoDevice device, long plan) {
    return address(device, "getNativeContext", plan);
  }

  private static long address(TornadoDevice device, String method, long plan) {
    try {
      return (Long) device.getClass().getMethod(method, long.class).invoke(device, plan);
    } catch (InvocationTargetException e) {
      throw new IllegalStateException("TornadoVM's " + method + " failed", e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this TornadoVM has no " + method + " as expected", e);
    }
  }

  @Override
  public void prepare(LibraryCall call) {
    call.products().forEach(context::prepare);
  }

  @Override
  public void run(LibraryCall call, long[] addresses) {
    for (Gemm g : call.products()) {
      context.multiply(
          g,
          addresses[call.a()],
          addresses[call.b()],
          addresses[call.c()],
          call.bias() < 0 ? 0 : addresses[call.bias()]);
    }
  }

  @Override
  public void close() {
    context.close();
  }
}
