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

  private DeviceList() {}

  private static String root(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return String.valueOf(root).lines().findFirst().orElse("");
  }

  /** All devices of all drivers: GPUs first, then in TornadoVM's order. */
  static List<Device> find() {
    List<TornadoDevice> found = new ArrayList<>();
    try {
      TornadoRuntime runtime = TornadoRuntimeProvider.getTornadoRuntime();
      for (int b = 0; b < runtime.getNumBackends(); b++) {
        TornadoBackend backend = runtime.getBackend(b);
        for (int d = 0; d < backend.getNumDevices(); d++) {
          found.add(backend.getDevice(d));
        }
      }
    } catch (RuntimeException | LinkageError e) {
      throw new IllegalStateException(
          "TornadoVM could not be started (" + root(e) + "): " + DRIVER, e);
    }
    if (found.isEmpty()) {
      throw new IllegalStateException("TornadoVM finds no device: " + DRIVER);
    }
    found.sort(Comparator.comparingInt(d -> d.getDeviceType() == TornadoDeviceType.GPU ? 0 : 1));
    List<Device> devices = new ArrayList<>();
    for (TornadoDevice d : found) {
      String id = "tornado:" + devices.size();
      devices.add(
          new Device(
              id,
              d.getPhysicalDevice().getDeviceName().strip(),
              type(d.getDeviceType()),
              "TornadoVM " + d.getTornadoVMBackend(),
              d.getPhysicalDevice().getDeviceGlobalMemorySize(),
              () -> new dev.peft4j.backend.tornado.TornadoBackend(d, id)));
    }
    return List.copyOf(devices);
  }

  private static Device.Type type(TornadoDeviceType type) {
    return switch (type) {
      case CPU -> Device.Type.CPU;
      case GPU -> Device.Type.GPU;
      default -> Device.Type.ACCELERATOR;
    };
  }
}
