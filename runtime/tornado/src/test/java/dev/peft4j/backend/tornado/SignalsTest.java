package dev.peft4j.backend.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The JVM's signal handlers are its own after devices are listed: with a driver's in their place,
 * the second of two threads that a safepoint stops would end the process without a message.
 */
class SignalsTest {
  @TempDir Path folder;

  @Test
  void listingDevicesLeavesTheHandlersOfTheJvm() throws Exception {
    assertThat(run("listed")).containsExactly("changed: [], devices: true", "alive");
  }

  /** Shows that there is something to keep: PoCL takes handlers over when it is first asked. */
  @Test
  void withoutKeepingADriverTakesThemOver() throws Exception {
    List<String> lines = run("unkept");
    assertThat(lines).hasSize(2);
    assertThat(lines.getFirst()).startsWith("changed: [").contains("11").endsWith("devices: true");
  }

  private List<String> run(String how) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(JvmFlags.of(Objects.requireNonNull(JvmFlags.home())));
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    command.addAll(List.of("-cp", classPath, ListDevices.class.getName(), how));
    Path error = folder.resolve("error");
    Process process = new ProcessBuilder(command).redirectError(error.toFile()).start();
    List<String> lines =
        process.inputReader().lines().filter(l -> !l.startsWith("[TornadoVM-OCL")).toList();
    assertThat(process.waitFor()).as(Files.readString(error)).isZero();
    return lines;
  }
}
