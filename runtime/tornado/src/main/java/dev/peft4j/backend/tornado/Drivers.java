package dev.peft4j.backend.tornado;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The drivers (TornadoVM calls them backends) of an installed TornadoVM, and which of them this
 * machine can load. TornadoVM starts all that it sees, and one whose libraries are missing ends the
 * start of all: so only those that can be loaded are shown to it. This class loads without
 * TornadoVM.
 */
final class Drivers {
  private static final String MODULE = "tornado-drivers-";

  /** What the linker says of a library that another one needs: {@code libcuda.so.1: cannot …}. */
  private static final Pattern NEEDED = Pattern.compile("([\\w.+-]+\\.so[.\\d]*): cannot open");

  /**
   * A driver.
   *
   * @param name for example {@code opencl}
   * @param problem what keeps it from being loaded, and how to get it; null if nothing does
   */
  record Driver(String name, @Nullable String problem) {
    boolean usable() {
      return problem == null;
    }
  }

  private Drivers() {}

  /**
   * The drivers of the TornadoVM in {@code home}, in its order.
   *
   * @throws UncheckedIOException if its list of them cannot be read
   */
  static List<Driver> of(Path home) {
    Properties p = new Properties();
    Path file = home.resolve("etc/tornado.backend");
    try (var in = Files.newBufferedReader(file)) {
      p.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "TornadoVM in " + home + " is incomplete: cannot read " + file, e);
    }
    List<Driver> drivers = new ArrayList<>();
    for (String b : p.getProperty("tornado.backends", "").split(",", -1)) {
      String name = b.strip().replace("-backend", "");
      if (!name.isEmpty()) {
        drivers.add(new Driver(name, problem(home, name)));
      }
    }
    return drivers;
  }

  /** The names of those that can be loaded; of all if none can, so that TornadoVM says why. */
  static List<String> usable(Path home) {
    List<Driver> all = of(home);
    List<String> usable = all.stream().filter(Driver::usable).map(Driver::name).toList();
    return usable.isEmpty() ? all.stream().map(Driver::name).toList() : usable;
  }

  /**
   * The module path with these drivers: the folder of all modules, or, if some are to be left out,
   * the files of the others.
   */
  static String modulePath(Path home, List<String> usable) {
    Path folder = home.resolve("share/java/tornado");
    List<String> left = new ArrayList<>();
    for (Driver d : of(home)) {
      if (!usable.contains(d.name)) {
        left.add(MODULE + d.name + "-");
      }
    }
    if (left.isEmpty()) {
      return folder.toString();
    }
    if (!usable.contains("cuda")) { // these need its modules
      left.addAll(LIBRARIES);
    }
    try (var files = Files.list(folder)) {
      return String.join(
          java.io.File.pathSeparator,
          files
              .filter(f -> f.toString().endsWith(".jar"))
              .filter(f -> left.stream().noneMatch(f.getFileName().toString()::startsWith))
              .map(Path::toString)
              .sorted()
              .toList());
    } catch (IOException e) {
      throw new UncheckedIOException(
          "TornadoVM in " + home + " is incomplete: cannot read " + folder, e);
    }
  }

  /** TornadoVM's own modules over CUDA's libraries; peft4j uses none of them. */
  private static final List<String> LIBRARIES =
      List.of("tornado-cublas-", "tornado-cudnn-", "tornado-cufft-", "tornado-cusparse-");

  private static @Nullable String problem(Path home, String name) {
    Path library = home.resolve("lib").resolve(System.mapLibraryName("tornado-" + name));
    if (!Files.isRegularFile(library)) {
      return "TornadoVM's " + name + " backend is left out: there is no " + library;
    }
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(library, arena);
      return null;
    } catch (IllegalArgumentException e) {
      return explain(name, library, reason(library));
    } catch (RuntimeException e) {
      return null; // this JVM must not load libraries: TornadoVM will tell
    }
  }

  /** What the linker says; the lookup above keeps it to itself. */
  private static String reason(Path library) {
    try {
      System.load(library.toAbsolutePath().toString());
      return "";
    } catch (UnsatisfiedLinkError e) {
      return String.valueOf(e.getMessage());
    }
  }

  /** The sentence for a library that cannot be loaded. */
  static String explain(String name, Path library, String message) {
    Matcher needed = NEEDED.matcher(message);
    String missing = needed.find() ? needed.group(1) : "";
    return "TornadoVM's "
        + name
        + " backend is left out: "
        + (missing.isEmpty()
            ? library + " cannot be loaded (" + message.lines().findFirst().orElse("") + ")"
            : missing + " is missing: " + from(missing));
  }

  /** Where a library comes from. */
  private static String from(String library) {
    if (library.startsWith("libOpenCL")) {
      return "install OpenCL's loader (Debian and Ubuntu: apt install ocl-icd-libopencl1)";
    }
    if (library.startsWith("libcuda.") || library.startsWith("libnvidia")) {
      return "install NVIDIA's driver (Ubuntu: apt install nvidia-driver-580-server, then restart)";
    }
    if (library.startsWith("libnvrtc")) {
      return "install NVRTC of CUDA's toolkit (NVIDIA's repository: apt install cuda-nvrtc-13-0),"
          + " or name its folder in LD_LIBRARY_PATH";
    }
    if (library.startsWith("libcu") || library.startsWith("libnv")) {
      return "install it with CUDA's toolkit, or name its folder in LD_LIBRARY_PATH";
    }
    return "install it, or name its folder in LD_LIBRARY_PATH";
  }
}
