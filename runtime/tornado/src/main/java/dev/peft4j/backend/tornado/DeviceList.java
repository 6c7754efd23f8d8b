package dev.peft4j.backend.tornado;

import dev.peft4j.backend.Device;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** Asks TornadoVM for its devices. */
final class DeviceList {
  private static final String DRIVER =
      "install the driver of your GPU, or an OpenCL driver for the CPU (Debian: apt install"
          + " pocl-opencl-icd)";

  private static volatile boolean lacksCuBlas;

  private DeviceList() {}

  private static String root(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return String.valueOf(root).lines().findFirst().orElse("");
  }

  /**
   * All devices of all drivers: GPUs first, then in TornadoVM's order. Drivers are loaded here, and
   * some of them put handlers in the place of the JVM's, which are given back.
   */
  static List<Device> find() {
    List<TornadoDevice> found;
    try {
      found = Signals.keep(DeviceList::ask);
    } catch (RuntimeException | LinkageError e) {
      throw new IllegalStateException(
          "TornadoVM could not be started (" + root(e) + "): " + DRIVER, e);
    }
    if (found.isEmpty()) {
      throw new IllegalStateException("TornadoVM finds no device: " + DRIVER);
    }
    List<TornadoDevice> sorted = new ArrayList<>(found);
    sorted.sort(Comparator.comparingInt(d -> d.getDeviceType() == TornadoDeviceType.GPU ? 0 : 1));
    List<Device> devices = new ArrayList<>();
    for (TornadoDevice d : sorted) {
      devices.add(device(d, "tornado:" + devices.size()));
    }
    return List.copyOf(devices);
  }

  private static List<TornadoDevice> ask() {
    List<TornadoDevice> found = new ArrayList<>();
    TornadoRuntime runtime = TornadoRuntimeProvider.getTornadoRuntime();
    for (int b = 0; b < runtime.getNumBackends(); b++) {
      TornadoBackend backend = runtime.getBackend(b);
      for (int d = 0; d < backend.getNumDevices(); d++) {
        found.add(backend.getDevice(d));
      }
    }
    return found;
  }

  /** True if a device of CUDA was found, and no cuBLAS. */
  static boolean lacksCuBlas() {
    return lacksCuBlas;
  }

  private static Device device(TornadoDevice d, String id) {
    long memory = d.getPhysicalDevice().getDeviceGlobalMemorySize();
    FreeMemory free = new FreeMemory(d);
    Cuda cuda = Cuda.of(d);
    lacksCuBlas |= cuda.isMissing();
    return new Device(
        id,
        d.getPhysicalDevice().getDeviceName().strip(),
        type(d.getDeviceType()),
        "TornadoVM " + d.getTornadoVMBackend(),
        memory,
        new Device.Abilities(cuda.precisions(), cuda.library(), free::bytes),
        precision ->
            new dev.peft4j.backend.tornado.TornadoBackend(d, id, cuda.products(precision), free));
  }

  private static Device.Type type(TornadoDeviceType type) {
    return switch (type) {
      case CPU -> Device.Type.CPU;
      case GPU -> Device.Type.GPU;
      default -> Device.Type.ACCELERATOR;
    };
  }
}
