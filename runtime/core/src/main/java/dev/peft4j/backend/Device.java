package dev.peft4j.backend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongSupplier;
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
 * variable {@value #VARIABLE}, else it is the CPU. It computes in the {@link Precision} that the
 * system property {@value #PRECISION} names, else in float32.
 */
public final class Device {
  /** System property that names the default device. */
  public static final String PROPERTY = "peft4j.device";

  /** Environment variable that names the default device where the property does not. */
  public static final String VARIABLE = "PEFT4J_DEVICE";

  /** System property that names the precision of devices that are not asked for another one. */
  public static final String PRECISION = "peft4j.precision";

  /** A kind of device. */
  public enum Type {
    /** A processor. */
    CPU,
    /** A graphics processor. */
    GPU,
    /** Anything else, for example an FPGA. */
    ACCELERATOR
  }

  /**
   * The abilities of a device beyond computing in float32; for providers.
   *
   * @param precisions the precisions of its products, with {@link Precision#FLOAT32}
   * @param library the library that multiplies matrices on it, with where it was found; null for
   *     kernels of the backend
   * @param freeMemory gives the bytes of its memory that nobody uses at the moment
   */
  public record Abilities(
      Set<Precision> precisions, @Nullable String library, LongSupplier freeMemory) {
    /** Checks that float32 is among the precisions. */
    public Abilities {
      if (!precisions.contains(Precision.FLOAT32)) {
        throw new IllegalArgumentException("a device must have float32, found " + precisions);
      }
      precisions = Set.copyOf(precisions);
    }
  }

  private final String id;
  private final String name;
  private final Type type;
  private final String driver;
  private final long memory;
  private final Abilities abilities;
  private final Precision precision;
  private final Function<Precision, Backend> open;

  /** The same device in each precision that was asked for. */
  private final Map<Precision, Device> variants;

  private @Nullable Backend backend;

  /**
   * Creates a device that computes in float32, all of whose memory is free; for providers.
   *
   * @param id its name for {@link #of}
   * @param name the manufacturer's name for it
   * @param driver its driver, for example {@code TornadoVM OpenCL}
   * @param memory its memory in bytes
   * @param open creates its backend; called once
   */
  public Device(
      String id, String name, Type type, String driver, long memory, Supplier<Backend> open) {
    this(
        id,
        name,
        type,
        driver,
        memory,
        new Abilities(Set.of(Precision.FLOAT32), null, () -> memory),
        p -> open.get());
  }

  /**
   * Creates a device; for providers.
   *
   * @param id its name for {@link #of}
   * @param name the manufacturer's name for it
   * @param driver its driver, for example {@code TornadoVM CUDA}
   * @param memory its memory in bytes
   * @param abilities what else it can do
   * @param open creates its backend for one of its precisions; called once for each
   */
  public Device(
      String id,
      String name,
      Type type,
      String driver,
      long memory,
      Abilities abilities,
      Function<Precision, Backend> open) {
    this.id = id;
    this.name = name;
    this.type = type;
    this.driver = driver;
    this.memory = memory;
    this.abilities = abilities;
    this.precision = Precision.FLOAT32;
    this.open = open;
    this.variants = new EnumMap<>(Precision.class);
    variants.put(precision, this);
  }

  private Device(Device like, Precision precision) {
    this.id = like.id;
    this.name = like.name;
    this.type = like.type;
    this.driver = like.driver;
    this.memory = like.memory;
    this.abilities = like.abilities;
    this.precision = precision;
    this.open = like.open;
    this.variants = like.variants;
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
   * Returns what keeps the providers from having more devices, a sentence each, which says how to
   * get what is missing; none if nothing is.
   */
  public static List<String> problems() {
    return Holder.PROVIDERS.stream().flatMap(p -> p.problems().stream()).toList();
  }

  /**
   * Returns the device of a name: {@code cpu}; {@code tornado} for TornadoVM's first device; {@code
   * tornado:gpu}, {@code tornado:cpu} or {@code tornado:accelerator} for its first one of that
   * type; {@code tornado:1} for the one with that number. It computes in the precision that the
   * system property {@value #PRECISION} names.
   *
   * @throws IllegalArgumentException if there is no such device, listing the available ones, or if
   *     it has no products of that precision
   * @throws IllegalStateException if the provider finds none, saying what is missing
   */
  public static Device of(String name) {
    Device found = find(name);
    String given = System.getProperty(PRECISION);
    return given == null || given.isBlank() ? found : found.withPrecision(Precision.named(given));
  }

  /**
   * Writes the flags that a JVM must be started with to use the devices of a provider into a file,
   * for {@code java @FILE …}.
   *
   * @param provider the first part of their names, for example {@code tornado}
   * @throws IOException if the file cannot be written
   * @throws IllegalArgumentException if there is no such provider
   * @throws IllegalStateException if what the flags are about is not installed, saying how to get
   *     it
   */
  public static void writeJvmFlags(String provider, Path file) throws IOException {
    DeviceProvider p = provider(provider);
    if (p == null) {
      throw new IllegalArgumentException(
          "no provider of devices named '"
              + provider
              + "'; there are "
              + Holder.PROVIDERS.stream().map(DeviceProvider::name).toList());
    }
    p.writeJvmFlags(file);
  }

  private static Device find(String name) {
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

  /** Returns the bytes of its memory that nobody uses at the moment. */
  public long freeMemory() {
    return abilities.freeMemory().getAsLong();
  }

  /** Returns the library that multiplies matrices on it; null if the backend's own kernels do. */
  public @Nullable String library() {
    return abilities.library();
  }

  /** Returns the precisions that its products can have. */
  public Set<Precision> precisions() {
    return EnumSet.copyOf(abilities.precisions());
  }

  /** Returns the precision of its products. */
  public Precision precision() {
    return precision;
  }

  /**
   * Returns this device with products of another precision; for the same precision always the same
   * object. A backend keeps what it has compiled for one precision.
   *
   * @throws IllegalArgumentException if it has none of that precision, naming those that it has
   */
  public Device withPrecision(Precision precision) {
    if (!abilities.precisions().contains(precision)) {
      String has = String.join(", ", precisions().stream().map(Precision::label).toList());
      throw new IllegalArgumentException(
          id
              + " ("
              + name
              + ", "
              + driver
              + ") has no products of precision "
              + precision.label()
              + ", it has "
              + has
              + "; tf32 and bf16 need an NVIDIA GPU from Ampere on, TornadoVM's CUDA backend and"
              + " cuBLAS, see 'peft4j devices'");
    }
    synchronized (variants) {
      return variants.computeIfAbsent(precision, p -> new Device(this, p));
    }
  }

  /** Returns the backend that computes on it; always the same object. */
  public synchronized Backend backend() {
    Backend b = backend;
    if (b == null) {
      b = open.apply(precision);
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
        + " MiB"
        + (precision == Precision.FLOAT32 ? "" : ", " + precision.label())
        + ")";
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
            new Abilities(Set.of(Precision.FLOAT32), "oneDNN and OpenBLAS", Holder::freeMemory),
            p -> Backends.named("cpu"));

    private static long physicalMemory() {
      com.sun.management.OperatingSystemMXBean system = system();
      return system == null ? Runtime.getRuntime().maxMemory() : system.getTotalMemorySize();
    }

    private static long freeMemory() {
      com.sun.management.OperatingSystemMXBean system = system();
      if (system == null) {
        return Runtime.getRuntime().freeMemory();
      }
      // Linux counts what files use for the moment as not free; programs get it
      try (java.util.stream.Stream<String> lines = Files.lines(Path.of("/proc/meminfo"))) {
        return lines
            .filter(l -> l.startsWith("MemAvailable:"))
            .map(l -> Long.parseLong(l.replaceAll("[^0-9]", "")) << 10)
            .map(available -> Math.min(available, system.getTotalMemorySize()))
            .findFirst()
            .orElseGet(system::getFreeMemorySize);
      } catch (IOException | UncheckedIOException e) {
        return system.getFreeMemorySize();
      }
    }

    private static com.sun.management.@Nullable OperatingSystemMXBean system() {
      return java.lang.management.ManagementFactory.getOperatingSystemMXBean()
              instanceof com.sun.management.OperatingSystemMXBean os
          ? os
          : null;
    }
  }
}
