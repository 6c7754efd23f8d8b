package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a user reads who started Java without the flags, or on a machine without OpenBLAS. */
@Timeout(120)
class FlagsTest {
  /** Runs in a Java of its own: prints what each part of this layer says. */
  static final class Main {
    public static void main(String[] args) {
      say(() -> Loops.best().getClass().getSimpleName() + Loops.best().getClass().getSimpleName());
      say(
          () -> {
            Blas.requireLibrary();
            return "OpenBLAS";
          });
      say(
          () -> { // an empty product, for the second time the reason is asked for
            Blas.gemm(false, false, 0, 0, 0, 1f, 0, 0, 0, 0, 0f, 0, 0);
            return "OpenBLAS";
          });
      say(() -> Workers.shared().size());
    }

    private static void say(java.util.function.Supplier<Object> what) {
      try {
        System.out.println(what.get());
      } catch (RuntimeException e) {
        System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
      }
    }
  }

  /** The lines that the main class prints when it runs in a Java of its own. */
  static List<String> run(Class<?> main, String... flags) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(flags));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(out).isZero();
    return out.lines().toList();
  }

  @Test
  void withoutVectorsAndOpenBlas() throws Exception {
    List<String> said =
        run(
            Main.class,
            "--enable-native-access=ALL-UNNAMED",
            "-Dorg.bytedeco.javacpp.platform=linux-s390x",
            "-Dpeft4j.threads=many");
    assertThat(said)
        .filteredOn(line -> line.contains("--add-modules jdk.incubator.vector"))
        .hasSize(1);
    assertThat(said)
        .contains(
            "ScalarLoopsScalarLoops",
            "IllegalArgumentException: -Dpeft4j.threads wants a whole number from 1 to 4096, found"
                + " 'many'");
    assertThat(said)
        .filteredOn(
            line ->
                line.equals(
                    "Peft4jException: OpenBLAS could not be loaded: the class path lacks the"
                        + " jar org.bytedeco:openblas:jar:linux-s390x"))
        .hasSize(2);
  }

  @Test
  void withoutNativeAccess() throws Exception {
    List<String> said =
        run(
            Main.class,
            "--illegal-native-access=deny",
            "--add-modules=jdk.incubator.vector",
            "-Dpeft4j.threads=3");
    assertThat(said)
        .contains(
            "Peft4jException: native memory access is denied to this program: start Java with"
                + " --enable-native-access=ALL-UNNAMED",
            "Peft4jException: OpenBLAS cannot be called, native access is denied to this"
                + " program: start Java with --enable-native-access=ALL-UNNAMED",
            "3");
  }

  @Test
  void withAllFlags() throws Exception {
    assertThat(
            run(
                Main.class,
                "--enable-native-access=ALL-UNNAMED",
                "--add-modules=jdk.incubator.vector"))
        .contains("VectorLoopsVectorLoops", "OpenBLAS");
  }
}
