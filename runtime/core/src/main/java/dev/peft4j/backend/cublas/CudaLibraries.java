package dev.peft4j.backend.cublas;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * The search for CUDA's libraries: in the folder that the system property {@value #FOLDER} names,
 * by the system's own rules ({@code LD_LIBRARY_PATH}, for example), below {@code CUDA_PATH} and
 * {@code CUDA_HOME}, and in the folders into which CUDA's installers and pip put them.
 */
public final class CudaLibraries {
  /** System property that names a folder with the libraries; it is looked at first. */
  public static final String FOLDER = "peft4j.cuda.lib";

  /** Versions of cuBLAS whose functions are those that are called here, the newest first. */
  private static final List<String> VERSIONS = List.of("13", "12", "11");

  private final List<Path> folders;
  private final boolean windows;
  private final boolean bySystem;

  /**
   * A library that was found.
   *
   * @param file where, or its name if the system has found it
   * @param symbols its functions
   */
  public record Library(String file, SymbolLookup symbols) {}

  /** Creates the search of this machine. */
  public CudaLibraries() {
    this(
        folders(System.getenv(), Path.of(System.getProperty("user.home", "/"))),
        System.getProperty("os.name", "").startsWith("Windows"),
        true);
  }

  /**
   * Creates a search.
   *
   * @param folders where to look
   * @param windows whether names are those of Windows
   * @param bySystem whether to ask the system as well
   */
  CudaLibraries(List<Path> folders, boolean windows, boolean bySystem) {
    this.folders = folders;
    this.windows = windows;
    this.bySystem = bySystem;
  }

  /** The folders to look into, those that exist. */
  static List<Path> folders(Map<String, String> environment, Path home) {
    Set<Path> all = new LinkedHashSet<>();
    String given = System.getProperty(FOLDER);
    if (given != null && !given.isBlank()) {
      all.add(Path.of(given));
    }
    for (String variable : List.of("CUDA_PATH", "CUDA_HOME")) {
      String root = environment.get(variable);
      if (root != null && !root.isBlank()) {
        below(Path.of(root), all);
      }
    }
    below(Path.of("/usr/local/cuda"), all);
    all.add(Path.of("/usr/lib/x86_64-linux-gnu"));
    all.add(Path.of("/usr/lib/aarch64-linux-gnu"));
    all.add(Path.of("/usr/lib64"));
    all.add(Path.of("/usr/lib/wsl/lib"));
    for (Path python :
        List.of(home.resolve(".local/lib"), Path.of("/usr/local/lib"), Path.of("/usr/lib"))) {
      wheels(python, all);
    }
    return all.stream().filter(Files::isDirectory).toList();
  }

  private static void below(Path root, Set<Path> all) {
    all.add(root.resolve("lib64"));
    all.add(root.resolve("lib"));
    all.add(root.resolve("targets/x86_64-linux/lib"));
    all.add(root.resolve("targets/sbsa-linux/lib"));
    all.add(root.resolve("bin"));
    all.add(root.resolve("bin/x64"));
  }

  /** What {@code pip install} of NVIDIA's packages makes. */
  private static void wheels(Path lib, Set<Path> all) {
    for (Path python : matching(lib, "python3*")) {
      for (String packages : List.of("site-packages", "dist-packages")) {
        Path nvidia = python.resolve(packages).resolve("nvidia");
        for (Path part : matching(nvidia, "cu*")) {
          all.add(part.resolve("lib"));
        }
      }
    }
  }

  private static List<Path> matching(Path folder, String glob) {
    List<Path> found = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> some = Files.newDirectoryStream(folder, glob)) {
        some.forEach(found::add);
      } catch (IOException | UncheckedIOException e) {
        return List.of(); // a folder that cannot be read has nothing for us
      }
    }
    return found;
  }

  /** Returns cuBLAS if it and cuBLASLt are on this machine. */
  public Optional<CuBlas> cublas() {
    for (String version : VERSIONS) {
      Optional<CuBlas> found =
          find(name("cublasLt", version)) // first: the other one needs it
              .flatMap(
                  lt ->
                      find(name("cublas", version))
                          .flatMap(blas -> CuBlas.of(blas.file(), blas.symbols(), lt.symbols())));
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  /** Returns the driver's own functions if NVIDIA's driver is installed. */
  public Optional<CudaDriver> driver() {
    return find(windows ? "nvcuda.dll" : "libcuda.so.1").flatMap(l -> CudaDriver.of(l.symbols()));
  }

  private String name(String library, String version) {
    return windows ? library + "64_" + version + ".dll" : "lib" + library + ".so." + version;
  }

  private Optional<Library> find(String name) {
    for (Path folder : folders) {
      Path file = folder.resolve(name);
      if (Files.isRegularFile(file)) {
        Optional<Library> found = open(file.toString(), a -> SymbolLookup.libraryLookup(file, a));
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return bySystem
        ? open(name, arena -> SymbolLookup.libraryLookup(name, arena))
        : Optional.empty();
  }

  private static Optional<Library> open(String file, Function<Arena, SymbolLookup> lookup) {
    try {
      // as long as the program runs: contexts of a device may use it until then
      return Optional.of(new Library(file, lookup.apply(Arena.global())));
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // it is not there, or needs one that is not
    }
  }
}
