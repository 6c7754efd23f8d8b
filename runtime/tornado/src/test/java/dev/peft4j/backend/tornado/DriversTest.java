package dev.peft4j.backend.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Backends of TornadoVM whose libraries are missing are left out, and the others start. */
class DriversTest {
  @TempDir Path folder;

  /** A view of the installed TornadoVM that claims to have two more backends. */
  private Path claims() throws IOException {
    Path real = Objects.requireNonNull(JvmFlags.home()).toRealPath();
    Path home = folder.resolve("sdk");
    links(real.resolve("share/java/tornado"), home.resolve("share/java/tornado"));
    links(real.resolve("share/java/graalJars"), home.resolve("share/java/graalJars"));
    links(real.resolve("lib"), home.resolve("lib"));
    links(real.resolve("etc"), home.resolve("etc"));
    Files.delete(home.resolve("etc/tornado.backend"));
    Files.writeString(
        home.resolve("etc/tornado.backend"),
        "tornado.backends=cuda-backend,opencl-backend,ptx-backend\n");
    // what cannot be read as a module ends the start if it is seen
    Files.writeString(
        home.resolve("share/java/tornado/tornado-drivers-cuda-5.2.0-jdk25.jar"), "no jar");
    Files.writeString(
        home.resolve("share/java/tornado/tornado-drivers-ptx-5.2.0-jdk25.jar"), "no jar");
    Files.writeString(
        home.resolve("lib").resolve(System.mapLibraryName("tornado-cuda")), "no library");
    return home;
  }

  private static void links(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (var files = Files.list(from)) {
      for (Path f : files.toList()) {
        Files.createSymbolicLink(to.resolve(f.getFileName()), f);
      }
    }
  }

  @Test
  void thoseThatCannotBeLoadedAreLeftOut() throws Exception {
    Path home = claims();
    assertThat(Drivers.usable(home)).containsExactly("opencl");
    List<Drivers.Driver> all = Drivers.of(home);
    assertThat(all.get(0).problem())
        .contains("cuda backend is left out")
        .contains("libtornado-cuda.so cannot be loaded");
    assertThat(all.get(1).problem()).isNull();
    assertThat(all.get(2).problem()).contains("ptx backend is left out: there is no ");
    List<String> flags = JvmFlags.of(home);
    assertThat(String.join(" ", flags))
        .contains("tornado.drivers.opencl")
        .contains("tornado-drivers-opencl-")
        .doesNotContain("drivers.cuda")
        .doesNotContain("drivers-cuda")
        .doesNotContain("drivers-ptx");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags);
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    command.addAll(List.of("-cp", classPath, AskForDevice.class.getName(), "tornado"));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(folder.resolve("error").toFile());
    builder.environment().put(JvmFlags.HOME, home.toString());
    Process process = builder.start();
    List<String> lines =
        process.inputReader().lines().filter(l -> !l.startsWith("[TornadoVM-OCL")).toList();
    assertThat(process.waitFor()).as(Files.readString(folder.resolve("error")) + lines).isZero();
    assertThat(lines).singleElement().asString().startsWith("found tornado:0");
  }

  @Test
  void allOfThemAreShownWhereNoneCanBeLoaded() throws IOException {
    Path home = folder.resolve("none");
    Files.createDirectories(home.resolve("etc"));
    Files.writeString(home.resolve("etc/tornado.backend"), "tornado.backends=cuda-backend\n");
    assertThat(Drivers.usable(home)).containsExactly("cuda");
    assertThat(Drivers.modulePath(home, List.of("cuda")))
        .isEqualTo(home.resolve("share/java/tornado").toString());
  }

  @Test
  void theInstalledOneIsShownWhole() {
    Path home = Objects.requireNonNull(JvmFlags.home());
    assertThat(Drivers.modulePath(home, Drivers.usable(home)))
        .isEqualTo(home.resolve("share/java/tornado").toString());
  }

  @Test
  void whatIsMissingSaysHowToGetIt() {
    Path library = Path.of("lib/libtornado-cuda.so");
    assertThat(
            Drivers.explain(
                "cuda", library, library + ": libcuda.so.1: cannot open shared object file: No"))
        .isEqualTo(
            "TornadoVM's cuda backend is left out: libcuda.so.1 is missing: install NVIDIA's"
                + " driver (Ubuntu: apt install nvidia-driver-580-server, then restart)");
    assertThat(Drivers.explain("cuda", library, "x: libnvrtc.so.13: cannot open shared"))
        .contains("libnvrtc.so.13 is missing: install NVRTC")
        .contains("LD_LIBRARY_PATH");
    assertThat(Drivers.explain("opencl", library, "x: libOpenCL.so.1: cannot open shared"))
        .contains("apt install ocl-icd-libopencl1");
    assertThat(TornadoDevices.noCuda(Path.of("sdk"), List.of(new Drivers.Driver("opencl", null))))
        .contains("TornadoVM in sdk has no CUDA backend", "it has opencl");
  }
}
