package dev.peft4j.backend.tornado;

import dev.peft4j.backend.Device;
import dev.peft4j.backend.cublas.CudaDriver;
import dev.peft4j.backend.tornado.library.CuBlasTasks;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;

/**
 * How much of a device's memory is free: of a CPU what the system says, of a GPU of CUDA what its
 * driver says. OpenCL has no such question: all of it counts as free there.
 */
final class FreeMemory {
  /** A plan that no program has. */
  private static final long NO_PLAN = 0;

  private final TornadoDevice device;

  FreeMemory(TornadoDevice device) {
    this.device = device;
  }

  /** Bytes that are free now. */
  long bytes() {
    long all = device.getPhysicalDevice().getDeviceGlobalMemorySize();
    if (device.getDeviceType() == TornadoDeviceType.CPU) {
      return Math.min(all, Device.cpu().freeMemory());
    }
    if (!CuBlasTasks.hasStream(device)) {
      return all;
    }
    CudaDriver driver = Cuda.driver();
    return driver == null
        ? all
        : Math.min(all, driver.freeMemory(CuBlasTasks.nativeContext(device, NO_PLAN)));
  }

  /**
   * Bytes that programs may take: nine tenths of what is free on a device, less of a CPU, whose
   * memory is the host's, too.
   */
  long usable() {
    long all = device.getPhysicalDevice().getDeviceGlobalMemorySize();
    long free = bytes();
    return device.getDeviceType() == TornadoDeviceType.CPU
        ? Math.min(all / 10 * 6, free / 10 * 8)
        : free / 10 * 9;
  }
}
