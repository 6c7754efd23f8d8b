package dev.peft4j.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A device to compute on: the CPU, or one that a {@link DeviceProvider} has found.
 *
 * <pre>{@code
 * Device gpu = Device.of("tornado:gpu");
 * Backends.with(gpu.backend(), () -> train(model));
 * }</pre>
 *
 * The default device is named by the system property {@value #PROPERTY}, else by the environment
 * variable {@value #VARIABLE}, else it is the CPU.
 */
public final class Device {
  /** System property that names the default device. */
  public static final String PROPERTY = "peft4j.device";

  /** Environment variable that names the default device where the property does not. */
  public static final String VARIABLE = "PEFT4J_DEVICE";

  /** A kind of device. */
  public enum Type {
    /** A processor. */
    CPU,
    /** A graphics processor. */
    GPU,
    /** Anything else, for example an FPGA. */
    ACCELERATOR
  }

  private final String id;
  private final String name;
  private final Type type;
  private final String driver;
  private final long memory;
  private final Supplier<Backend> open;
  private @Nullable Backend backend;

  /**
   * Creates a device; for providers.
   *
   * @param id its name for {@link #of}
   * @param name the manufacturer's name for it
   * @param driver its driver, for example {@code TornadoVM OpenCL}
   * @param memory its memory in bytes
   * @param open creates its backend; called once
   */
  public Device(
      String id, String name, Type type, String driver, long memory, Supplier<Backend> open) {
    this.id = id;
    this.name = name;
    this.type = type;
    this.driver = driver;
    this.memory = memory;
    this.open = open;
  }

  /** Returns the processor that this program runs on. */
  public static Device cpu() {
    return Holder.CPU;
  }

  /** Returns all available devices, the CPU first; a provider that finds none adds none. */
  public static List<Device> all() {
    List<Device> all = new ArrayList<>(List.of(cpu()));
    for (DeviceProvider p : Holder.PROVIDERS) {
      try {
        all.addAll(p.devices());
      } catch (IllegalStateException e) {
        // asking for one of them by name gives the reason
      }
    }
    return all;
  }

  /**
   * Returns the device of a name: {@code cpu}; {@code tornado} for TornadoVM's first device; {@code
   * tornado:gpu}, {@code tornado:cpu} or {@code tornado:accelerator} for its first one of that
   * type; {@code tornado:1} for the one with that number.
   *
   * @throws IllegalArgumentException if there is no such device, listing the available ones
   * @throws IllegalStateException if the provider finds none, saying what is missing
   */
  public static Device of(String name) {
    String[] parts = name.strip().toLowerCase(Locale.ROOT).split(":", 2);
    if (parts[0].equals("cpu") && parts.length == 1) {
      return cpu();
    }
    DeviceProvider provider = provider(parts[0]);
    if (provider == null) {
      throw new IllegalArgumentException(
          parts[0].equals("tornado")
              ? "device '"
                  + name
                  + "': the TornadoVM backend is not available; add dev.peft4j:peft4j-tornado to"
                  + " the class path and install TornadoVM with SDKMAN: sdk install tornadovm"
              : "no device named '" + name + "'; there are " + names(all()));
    }
    List<Device> devices = provider.devices();
    if (parts.length == 1) {
      return devices.getFirst();
    }
    for (Device d : devices) {
      if (d.id.equals(parts[0] + ":" + parts[1])
          || d.type.name().toLowerCase(Locale.ROOT).equals(parts[1])) {
        return d;
      }
    }
    throw new IllegalArgumentException(
        "no device named '" + name + "'; there are " + names(devices));
  }

  private static String names(List<Device> devices) {
    return String.join(", ", devices.stream().map(Device::toString).toList());
  }

  /** The provider of a name, or null. */
  static @Nullable DeviceProvider provider(String name) {
    for (DeviceProvider p : Holder.PROVIDERS) {
      if (p.name().equals(name)) {
        return p;
      }
    }
    return null;
  }

  /** The name that the property or the variable gives to the default device, or null. */
  static @Nullable String chosenName() {
    String given = System.getProperty(PROPERTY);
    given = given == null || given.isBlank() ? System.getenv(VARIABLE) : given;
    return given == null || given.isBlank() ? null : given.strip();
  }

  /** Returns its name for {@link #of}. */
  public String id() {
    return id;
  }

  /** Returns the manufacturer's name for it. */
  public String name() {
    return name;
  }

  /** Returns the kind of device. */
  public Type type() {
    return type;
  }

  /** Returns its driver. */
  public String driver() {
    return driver;
  }

  /** Returns its memory in bytes. */
  public long memory() {
    return memory;
  }

  /** Returns the backend that computes on it; always the same object. */
  public synchronized Backend backend() {
    Backend b = backend;
    if (b == null) {
      b = open.get();
      backend = b;
    }
    return b;
  }

  @Override
  public String toString() {
    return id
        + " ("
        + name
        + ", "
        + type.name().toLowerCase(Locale.ROOT)
        + ", "
        + driver
        + ", "
        + (memory >> 20)
        + " MiB)";
  }

  private static final class Holder {
    static final List<DeviceProvider> PROVIDERS =
        ServiceLoader.load(DeviceProvider.class, Device.class.getClassLoader()).stream()
            .map(ServiceLoader.Provider::get)
            .toList();

    static final Device CPU =
        new Device(
            "cpu",
            System.getProperty("os.arch")
                + ", "
                + Runtime.getRuntime().availableProcessors()
                + " cores",
            Type.CPU,
            "Java and OpenBLAS",
            physicalMemory(),
            () -> Backends.named("cpu"));

    private static long physicalMemory() {
      return java.lang.management.ManagementFactory.getOperatingSystemMXBean()
              instanceof com.sun.management.OperatingSystemMXBean os
          ? os.getTotalMemorySize()
          : Runtime.getRuntime().maxMemory();
    }
  }
}
