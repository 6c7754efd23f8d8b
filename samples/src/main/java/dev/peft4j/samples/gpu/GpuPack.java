package dev.peft4j.samples.gpu;

import dev.peft4j.transformers.Transformers;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The maker of the archive: a Java runtime, TornadoVM, the classes on this program's class path, golden
 * cases, a small model with its text, and the script that runs the checks. Native libraries of the
 * dependencies stay out, they would make most of it: so no case may need OpenBLAS on the CPU.
 */
public final class GpuPack {
  /** The limit of the archive in bytes. */
  private static final long LIMIT = 30_000_000;

  private static final int MAX_CASES = 30;

  /** The modules of Java that the programs and TornadoVM use. */
  private static final String MODULES =
      "java.base,java.logging,java.management,jdk.incubator.vector,jdk.internal.vm.ci,"
          + "jdk.management,jdk.unsupported";

  /** Jars that hold natives or charts, or that the checks have no use for. */
  private static final Pattern LEFT_OUT =
      Pattern.compile(
          "(openblas|dnnl|opencl|tokenizers|jna|archunit|lombok|javapoet|xchart|pdfbox|fontbox|graphics2d|VectorGraphics2D"
              + "|animated-gif-lib|commons-(logging|compress|codec|io)|langchain4j|opennlp|jline"
              + "|extjwnl|peft4j-langchain4j|llama-)[-.\\w]*\\.jar|.*-(linux|windows|macosx)-.*");

  /** Jars of TornadoVM without which it does not start. */
  private static final Pattern OF_TORNADO =
      Pattern.compile(
          "(asm|commons-math3|snmp4j|log4j-api|tornado-annotation|tornado-api|tornado-runtime"
              + "|tornado-matrices|tornado-drivers-(common|opencl|ptx|cuda))-[0-9].*\\.jar");

  private static final Pattern OF_GRAAL =
      Pattern.compile("(collections|compiler|truffle-compiler|word)-[0-9].*\\.jar");

  /** Cases whose adapters start from decompositions, which are OpenBLAS's. */
  private static final Pattern DECOMPOSED =
      Pattern.compile(".*(pissa|olora|orthogonal|kasa|psoft|osf|eva|corda|qr|frod|oft|boft|c3a).*");

  private GpuPack() {}

  /**
   * Makes the archive {@code -Dout=} (default: target/peft4j-gpu.tar.xz), or only the folder that
   * it would have if that name does not end in .tar.xz; ends with status 1 if something is missing.
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    Path target = Path.of(System.getProperty("out", "target/peft4j-gpu.tar.xz")).toAbsolutePath();
    try {
      pack(target);
    } catch (IllegalStateException e) {
      System.err.println("gpu-pack: " + e.getMessage());
      System.exit(1);
    }
  }

  /** Makes the archive, or the folder. */
  static void pack(Path target) throws IOException, InterruptedException {
    boolean archive = target.toString().endsWith(".tar.xz");
    Path tornado = tornado();
    Path parent = Objects.requireNonNull(target.getParent());
    Files.createDirectories(parent);
    Path work = Files.createTempDirectory(parent, "gpu-pack");
    try {
      Path home = work.resolve("peft4j-gpu");
      Files.createDirectories(home);
      sdk(tornado, home.resolve("sdk"));
      classPath(home);
      cases(home);
      runtime(home.resolve("jre"));
      loader(home.resolve("ocl"));
      script(home.resolve("on-gpu.sh"));
      if (archive) {
        compress(work, target);
      } else {
        Files.move(home, target);
      }
    } finally {
      delete(work);
    }
    System.out.println(
        target + (archive ? ": " + Files.size(target) / 100_000 / 10.0 + " MB" : ""));
    if (archive && Files.size(target) > LIMIT) {
      throw new IllegalStateException("the archive is larger than " + LIMIT / 1_000_000 + " MB");
    }
  }

  private static Path tornado() {
    String given = System.getenv("TORNADOVM_HOME");
    Path home =
        given == null || given.isBlank()
            ? Path.of(System.getProperty("user.home"), ".sdkman/candidates/tornadovm/current")
            : Path.of(given);
    if (!Files.isDirectory(home.resolve("share/java/tornado"))) {
      throw new IllegalStateException(
          "there is no TornadoVM in " + home + ": set TORNADOVM_HOME, or sdk install tornadovm");
    }
    return home;
  }

  private static void sdk(Path from, Path to) throws IOException, InterruptedException {
    jars(from.resolve("share/java/tornado"), OF_TORNADO, to.resolve("share/java/tornado"));
    jars(from.resolve("share/java/graalJars"), OF_GRAAL, to.resolve("share/java/graalJars"));
    copy(from.resolve("etc"), to.resolve("etc"));
    copy(from.resolve("lib"), to.resolve("lib"));
    strip(to.resolve("lib"));
  }

  private static void jars(Path from, Pattern which, Path to) throws IOException {
    Files.createDirectories(to);
    int n = 0;
    try (Stream<Path> files = Files.list(from)) {
      for (Path f : files.toList()) {
        if (which.matcher(f.getFileName().toString()).matches()) {
          PlainJar.copy(f, to.resolve(f.getFileName()));
          n++;
        }
      }
    }
    if (n == 0) {
      throw new IllegalStateException(from + " has no file like " + which);
    }
  }

  private static void classPath(Path home) throws IOException {
    Files.createDirectories(home.resolve("lib"));
    int folders = 0;
    boolean tornado = false;
    String own =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    for (String part : own.split(File.pathSeparator)) {
      Path p = Path.of(part);
      if (Files.isDirectory(p)) {
        copy(p, home.resolve("cp/" + folders++));
        tornado |= Files.exists(p.resolve("dev/peft4j/backend/tornado/JvmFlags.class"));
      } else if (Files.isRegularFile(p)) {
        String name = p.getFileName().toString();
        tornado |= name.startsWith("peft4j-tornado");
        if (!LEFT_OUT.matcher(name).matches()) {
          PlainJar.copy(p, home.resolve("lib").resolve(name));
        }
      }
    }
    if (!tornado) {
      throw new IllegalStateException("peft4j-tornado is not on the class path: build with it");
    }
  }

  /** The small model, its text, and golden cases: one a kind of tuner and a family. */
  private static void cases(Path home) throws IOException {
    Path resources =
        Stream.of("samples/src/test/resources", "src/test/resources")
            .map(Path::of)
            .filter(r -> Files.isDirectory(r.resolve("golden")))
            .findFirst()
            .orElseThrow(
                () ->
                    new IllegalStateException(
                        "there is no samples/src/test/resources/golden: start in the project"));
    copy(resources.resolve("stories260k"), home.resolve("stories260k"));
    Files.writeString(
        home.resolve("generated.txt"),
        GpuGenerate.text(Transformers.causalLm(home.resolve("stories260k"))));
    Set<String> kinds = new HashSet<>();
    for (String folder : List.of("golden-decoders", "golden")) {
      try (Stream<Path> all = Files.list(resources.resolve(folder))) {
        for (Path c : all.sorted().toList()) {
          String[] name = c.getFileName().toString().split("-");
          String kind = name[0] + "-" + (name.length > 1 ? name[1] : "");
          boolean fits = !DECOMPOSED.matcher(c.getFileName().toString()).matches();
          if (fits && Files.exists(c.resolve("case.json")) && kinds.size() < MAX_CASES) {
            if (kinds.add(kind)) {
              copy(c, home.resolve("golden").resolve(c.getFileName()));
            }
          }
        }
      }
    }
  }

  private static void runtime(Path to) throws IOException, InterruptedException {
    Path java = Path.of(System.getProperty("java.home"));
    run(
        java.resolve("bin/jlink").toString(),
        "--output",
        to.toString(),
        "--compress=zip-0",
        "--strip-debug",
        "--no-header-files",
        "--no-man-pages",
        "--add-modules",
        MODULES);
    delete(to.resolve("legal"));
    strip(to.resolve("lib"));
  }

  /** OpenCL's loader, which a machine with NVIDIA's driver may lack. */
  private static void loader(Path to) throws IOException {
    Files.createDirectories(to);
    for (String folder : List.of("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib")) {
      Path library = Path.of(folder, "libOpenCL.so.1");
      if (Files.exists(library)) {
        Files.copy(library.toRealPath(), to.resolve("libOpenCL.so.1"));
        return;
      }
    }
    System.err.println("gpu-pack: there is no libOpenCL.so.1 here, the archive goes without");
  }

  private static void script(Path to) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(GpuPack.class.getResourceAsStream("on-gpu.sh"), "on-gpu.sh")) {
      Files.copy(in, to);
    }
    if (!to.toFile().setExecutable(true)) {
      throw new IOException("cannot make " + to + " executable");
    }
  }

  private static void compress(Path work, Path target) throws IOException, InterruptedException {
    run(
        "sh",
        "-c",
        "tar --sort=name --owner=0 --group=0 --numeric-owner -C \"$1\" -cf - peft4j-gpu"
            + " | xz -9 > \"$2\"",
        "sh",
        work.toString(),
        target.toString());
  }

  private static void strip(Path folder) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("strip", "-s"));
    try (Stream<Path> files = Files.walk(folder)) {
      files.filter(f -> f.toString().endsWith(".so")).map(Path::toString).forEach(command::add);
    }
    try {
      new ProcessBuilder(command).start().waitFor();
    } catch (IOException e) {
      System.err.println("gpu-pack: there is no strip (binutils), the archive is larger");
    }
  }

  private static void run(String... command) throws IOException, InterruptedException {
    int status = new ProcessBuilder(command).inheritIO().start().waitFor();
    if (status != 0) {
      throw new IllegalStateException(String.join(" ", command) + " ended with status " + status);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from.toRealPath())) {
      for (Path p : all.toList()) {
        Path target = to.resolve(from.toRealPath().relativize(p).toString());
        if (Files.isDirectory(p)) {
          Files.createDirectories(target);
        } else {
          Files.createDirectories(Objects.requireNonNull(target.getParent()));
          Files.copy(p, target, StandardCopyOption.REPLACE_EXISTING);
        }
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path p : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(p);
      }
    }
  }
}
