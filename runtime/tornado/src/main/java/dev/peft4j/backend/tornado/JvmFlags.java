package dev.peft4j.backend.tornado;

import dev.peft4j.backend.tornado.kernel.KernelClassLoader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The JVM flags that TornadoVM needs, from an installed TornadoVM: its modules, Graal, the packages
 * they open to each other, and settings without which kernels may be silently wrong. They must be
 * on the command line, so a launcher or the build gets them here. Backends of TornadoVM whose
 * libraries this machine lacks are left out. This class loads without TornadoVM.
 */
public final class JvmFlags {
  /** The environment variable that names TornadoVM's folder. */
  public static final String HOME = "TORNADOVM_HOME";

  private static final String PROVIDERS = "uk.ac.manchester.tornado.";

  private JvmFlags() {}

  /**
   * Writes the flags to the file {@code args[0]}, for {@code java @file}, and a class that they
   * name into the folder {@code args[0].classes}.
   */
  public static void main(String[] args) throws IOException {
    if (args.length != 1) {
      throw new IllegalArgumentException(
          "usage: JvmFlags FILE; found " + args.length + " arguments");
    }
    Path file = Path.of(args[0]).toAbsolutePath();
    Files.createDirectories(file.getParent());
    Path home = requireHome();
    Path changed = file.resolveSibling(file.getFileName() + ".classes");
    Files.writeString(file, argfile(of(home, changed)));
  }

  /**
   * Returns where TornadoVM is installed: {@value #HOME}, else SDKMAN's folder; null if in neither.
   */
  public static @Nullable Path home() {
    String given = System.getenv(HOME);
    Path home =
        given == null || given.isBlank()
            ? Path.of(System.getProperty("user.home"), ".sdkman/candidates/tornadovm/current")
            : Path.of(given);
    return Files.isDirectory(home.resolve("share/java/tornado")) ? home : null;
  }

  private static Path requireHome() {
    Path home = home();
    if (home == null) {
      throw new IllegalStateException(missing());
    }
    return home;
  }

  /** The sentence for a machine without TornadoVM. */
  static String missing() {
    String given = System.getenv(HOME);
    return "TornadoVM is not installed: "
        + (given == null || given.isBlank()
            ? "neither " + HOME + " nor ~/.sdkman/candidates/tornadovm/current is there"
            : HOME + "=" + given + " has no share/java/tornado")
        + "; install it with SDKMAN: sdk install tornadovm";
  }

  /**
   * Returns the flags for the TornadoVM in {@code home}, with larger graphs than it has by itself.
   *
   * @param changed folder for a class of TornadoVM's, written here and read by the JVM that gets
   *     the flags
   * @throws UncheckedIOException if TornadoVM's files cannot be read, or the class not written
   */
  public static List<String> of(Path home, Path changed) {
    List<String> flags = new ArrayList<>(of(home));
    flags.addAll(GraphLimit.raise(home, changed));
    return flags;
  }

  /**
   * Returns the flags for the TornadoVM in {@code home}.
   *
   * @throws UncheckedIOException if its lists of exports cannot be read
   */
  public static List<String> of(Path home) {
    List<String> flags = new ArrayList<>();
    List<String> backends = Drivers.usable(home);
    flags.add("-XX:+UnlockExperimentalVMOptions");
    flags.add("-XX:+EnableJVMCI");
    flags.add("-Djava.library.path=" + home.resolve("lib"));
    flags.add("-Dtornado.load.api.implementation=" + PROVIDERS + "runtime.tasks.TornadoTaskGraph");
    flags.add("-Dtornado.load.runtime.implementation=" + PROVIDERS + "runtime.TornadoCoreRuntime");
    flags.add("-Dtornado.load.tornado.implementation=" + PROVIDERS + "runtime.common.Tornado");
    flags.add(
        "-Dtornado.load.annotation.implementation=" + PROVIDERS + "annotation.ASMClassVisitor");
    flags.add("-Dtornado.load.annotation.parallel=" + PROVIDERS + "api.annotations.Parallel");
    flags.add("--module-path");
    flags.add(Drivers.modulePath(home, backends));
    if (!System.getProperty("java.vendor.version", "").contains("GraalVM")) {
      flags.add("--upgrade-module-path");
      flags.add(home.resolve("share/java/graalJars").toString());
    }
    StringBuilder modules =
        new StringBuilder("ALL-SYSTEM,tornado.runtime,tornado.annotation,tornado.drivers.common");
    backends.forEach(b -> modules.append(",tornado.drivers.").append(b));
    flags.add("--add-modules");
    flags.add(modules.toString());
    StringBuilder natives = new StringBuilder("ALL-UNNAMED");
    backends.forEach(b -> natives.append(",tornado.drivers.").append(b));
    flags.add("--enable-native-access=" + natives);
    flags.addAll(exports(home, "common"));
    backends.forEach(b -> flags.addAll(exports(home, b)));
    // for kernels that are no longer used, see Sketches
    flags.add("--add-opens=tornado.runtime/" + PROVIDERS + "runtime.sketcher=ALL-UNNAMED");
    for (String b : List.of("opencl", "cuda")) {
      if (backends.contains(b)) {
        // for compiled kernels that all plans share, see DriverCode
        flags.add(
            "--add-opens=tornado.drivers." + b + "/" + PROVIDERS + "drivers." + b + "=ALL-UNNAMED");
      }
    }
    flags.addAll(SAFE);
    return flags;
  }

  /** What keeps results right; see docs/accelerators.md. */
  private static final List<String> SAFE =
      List.of(
          // a kernel that does not compile is an error, not a sequential run of its first work item
          "-Dtornado.recover.bailout=False",
          // each graph has an array of this size; what GraphSplit lets into one needs half of it
          "-Dtornado.tvm.maxbytecodesize=262144",
          "-Dtornado.max.events=64",
          // TornadoVM reads the files of kernel classes from the system class loader
          "-Djava.system.class.loader=" + KernelClassLoader.class.getName(),
          // the backend counts what it allocates itself
          "-Dtornado.device.memory=1024GB",
          // the default, fast-relaxed-math, makes NaN of SiLU of large negative numbers
          "-Dtornado.opencl.compiler.flags=-cl-mad-enable -w");

  private static List<String> exports(Path home, String list) {
    Path file = home.resolve("etc/exportLists").resolve(list + "-exports");
    try {
      return Files.readAllLines(file).stream()
          .map(String::strip)
          .filter(line -> !line.isEmpty() && !line.startsWith("#"))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(
          "TornadoVM in " + home + " is incomplete: cannot read " + file, e);
    }
  }

  /** One argument a line, each in quotes. */
  static String argfile(List<String> flags) {
    StringBuilder s = new StringBuilder();
    for (String f : flags) {
      s.append('"').append(f.replace("\\", "\\\\").replace("\"", "\\\"")).append("\"\n");
    }
    return s.toString();
  }
}
