package dev.peft4j.backend.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.backend.Device;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said, in one sentence, where something is missing; each in a JVM of its own. */
class MissingTest {
  @TempDir Path folder;

  @Test
  void aDeviceThatIsNotThere() {
    assertThatThrownBy(() -> Device.of("tornado:99"))
        .hasMessageContaining("no device named 'tornado:99'")
        .hasMessageContaining("tornado:0");
  }

  @Test
  void theBackend() throws Exception {
    String withoutBackend =
        Arrays.stream(classPath().split(File.pathSeparator))
            .filter(
                p -> !Files.exists(Path.of(p, "dev/peft4j/backend/tornado/TornadoBackend.class")))
            .collect(Collectors.joining(File.pathSeparator));
    assertThat(ask(List.of(), withoutBackend, Map.of()))
        .contains("the TornadoVM backend is not available")
        .contains("sdk install tornadovm");
  }

  @Test
  void tornadoVm() throws Exception {
    assertThat(ask(List.of(), classPath(), Map.of(JvmFlags.HOME, folder.toString())))
        .contains("TornadoVM is not installed")
        .contains(folder.toString())
        .contains("sdk install tornadovm");
  }

  @Test
  void theRightVersion() throws Exception {
    Files.createDirectories(folder.resolve("share/java/tornado"));
    Files.createDirectories(folder.resolve("etc"));
    Files.writeString(folder.resolve("etc/tornado.release"), "version=6.0.0\n");
    assertThat(ask(List.of(), classPath(), Map.of(JvmFlags.HOME, folder.toString())))
        .contains("TornadoVM 6.0.0 is installed")
        .contains("needs TornadoVM 5.x");
  }

  /** A newer one alone runs all but TornadoVM; there is none here to try. */
  @Test
  void theRightJava() {
    assertThat(TornadoDevices.problemOfJava(25, folder)).isNull();
    assertThat(TornadoDevices.problemOfJava(26, folder))
        .contains("left out: it runs on Java 25 only, and this is Java 26", folder.toString());
  }

  @Test
  void theFlags() throws Exception {
    assertThat(ask(List.of(), classPath(), Map.of()))
        .contains("without TornadoVM's flags")
        .contains("dev.peft4j.backend.Launcher");
  }

  @Test
  void theSafeFlags() throws Exception {
    List<String> flags = new ArrayList<>(flags());
    flags.removeIf(f -> f.startsWith("-Dtornado.recover.bailout"));
    assertThat(ask(flags, classPath(), Map.of())).contains("-Dtornado.recover.bailout=False");
  }

  @Test
  void theDriver() throws Exception {
    // the OpenCL loader looks for drivers here
    assertThat(ask(flags(), classPath(), Map.of("OCL_ICD_VENDORS", folder.toString())))
        .containsIgnoringCase("driver")
        .contains("pocl-opencl-icd");
  }

  private static List<String> flags() {
    return JvmFlags.of(Objects.requireNonNull(JvmFlags.home()));
  }

  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  /** The line that asking for TornadoVM's first device prints. */
  private String ask(List<String> flags, String classPath, Map<String, String> environment)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags);
    command.addAll(List.of("-cp", classPath, AskForDevice.class.getName(), "tornado"));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(folder.resolve("error").toFile());
    builder.environment().putAll(environment);
    Process process = builder.start();
    // TornadoVM's OpenCL driver prints its own
    List<String> lines =
        process.inputReader().lines().filter(l -> !l.startsWith("[TornadoVM-OCL")).toList();
    assertThat(process.waitFor()).as(Files.readString(folder.resolve("error"))).isZero();
    assertThat(lines).hasSize(1);
    return lines.getFirst();
  }
}
