package dev.peft4j.backend.tornado;

import com.google.auto.service.AutoService;
import dev.peft4j.backend.Device;
import dev.peft4j.backend.DeviceProvider;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The devices of an installed TornadoVM. This class loads without TornadoVM; it says what is
 * missing before anything else is loaded.
 */
@AutoService(DeviceProvider.class)
public final class TornadoDevices implements DeviceProvider {
  /** The TornadoVM that this is built for; others of the same major version should work. */
  static final String MAJOR = "5.";

  /** TornadoVM uses internals of the JVM's compiler: each of its builds is for one Java. */
  static final int JAVA = 25;

  private @Nullable List<Device> devices;

  /** Creates the provider; for {@link java.util.ServiceLoader}. */
  public TornadoDevices() {}

  @Override
  public String name() {
    return "tornado";
  }

  @Override
  public synchronized List<Device> devices() {
    List<Device> known = devices;
    if (known == null) {
      requireReady();
      known = DeviceList.find();
      devices = known;
    }
    return known;
  }

  @Override
  public List<String> missingJvmFlags() {
    return started() ? List.of() : JvmFlags.of(requireHome(), temporary());
  }

  @Override
  public void writeJvmFlags(Path file) throws IOException {
    requireHome();
    JvmFlags.main(new String[] {file.toString()});
  }

  @Override
  public List<String> problems() {
    List<String> all = new ArrayList<>();
    Path home = JvmFlags.home();
    if (home == null) {
      return List.of(JvmFlags.missing());
    }
    try {
      requireVersion(home);
      List<Drivers.Driver> drivers = Drivers.of(home);
      for (Drivers.Driver d : drivers) {
        if (d.problem() != null) {
          all.add(d.problem());
        }
      }
      if (isNvidiaHere() && drivers.stream().noneMatch(d -> d.name().equals("cuda"))) {
        all.add(noCuda(home, drivers));
      }
      devices();
      if (DeviceList.lacksCuBlas()) {
        all.add("cuBLAS was not found, so products are slower and float32 only: " + Cuda.HOW);
      }
    } catch (IllegalStateException | UncheckedIOException e) {
      all.add(String.valueOf(e.getMessage()));
    }
    return all;
  }

  /** The sentence for a machine with NVIDIA's driver and a TornadoVM without its CUDA backend. */
  static String noCuda(Path home, List<Drivers.Driver> drivers) {
    return "NVIDIA's driver is installed, but TornadoVM in "
        + home
        + " has no CUDA backend, which is the fastest (it has "
        + String.join(", ", drivers.stream().map(Drivers.Driver::name).toList())
        + "): install one that has it (sdk list tornadovm), or build it (make BACKEND=cuda,opencl)";
  }

  private static boolean isNvidiaHere() {
    return Files.exists(Path.of("/proc/driver/nvidia/version"))
        || Files.exists(Path.of("/usr/lib/wsl/lib/libcuda.so.1"));
  }

  /** A folder for as long as this JVM runs, which is longer than the one that gets the flags. */
  private static Path temporary() {
    try {
      Path folder = Files.createTempDirectory("peft4j-tornado");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException("no temporary folder for TornadoVM's graphs", e);
    }
  }

  private static void delete(Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(p);
      }
    } catch (IOException e) {
      // it is the temporary folder's
    }
  }

  private static void requireReady() {
    if (!started()) {
      requireHome();
      throw new IllegalStateException(
          "this JVM was started without TornadoVM's flags: start the program with"
              + " dev.peft4j.backend.Launcher, or write the flags to a file (java -cp … "
              + JvmFlags.class.getName()
              + " FILE) and say java @FILE");
    }
    if (!"false".equalsIgnoreCase(System.getProperty("tornado.recover.bailout"))) {
      throw new IllegalStateException(
          "this JVM was started with other flags than "
              + JvmFlags.class.getName()
              + " gives: without -Dtornado.recover.bailout=False results may be silently wrong");
    }
    Path home = JvmFlags.home();
    if (home != null) {
      requireVersion(home);
    }
  }

  /** True if TornadoVM's modules are part of this JVM. */
  private static boolean started() {
    return ModuleLayer.boot().findModule("tornado.runtime").isPresent();
  }

  private static Path requireHome() {
    Path home = JvmFlags.home();
    if (home == null) {
      throw new IllegalStateException(JvmFlags.missing());
    }
    requireVersion(home);
    return home;
  }

  private static void requireVersion(Path home) {
    String version = version(home);
    String newer = problemOfJava(Runtime.version().feature(), home);
    if (newer != null) {
      throw new IllegalStateException(newer);
    }
    if (version != null && !version.startsWith(MAJOR)) {
      throw new IllegalStateException(
          "TornadoVM "
              + version
              + " is installed in "
              + home
              + "; this backend needs TornadoVM "
              + MAJOR
              + "x for JDK 25: sdk install tornadovm");
    }
  }

  /** The sentence for a Java that TornadoVM cannot run on, or null if it can. */
  static @Nullable String problemOfJava(int feature, Path home) {
    return feature == JAVA
        ? null
        : "TornadoVM in "
            + home
            + " is left out: it runs on Java "
            + JAVA
            + " only, and this is Java "
            + feature
            + "; the CPU computes as before, and with JDK "
            + JAVA
            + " (JAVA_HOME) TornadoVM's devices do";
  }

  /** What the installed TornadoVM calls itself, or null if it does not say. */
  static @Nullable String version(Path home) {
    try {
      return Files.readAllLines(home.resolve("etc/tornado.release")).stream()
          .filter(l -> l.startsWith("version="))
          .map(l -> l.substring("version=".length()).strip())
          .findFirst()
          .orElse(null);
    } catch (IOException e) {
      return null;
    }
  }
}
