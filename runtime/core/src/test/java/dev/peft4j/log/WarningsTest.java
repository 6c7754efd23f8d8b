package dev.peft4j.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Sequential;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What people see of warnings, in a Java of their own: with an SLF4J provider and without. */
@Timeout(120)
class WarningsTest {
  private static final String MISSING_FLAG =
      "The CPU backend runs without vector instructions, several times slower: start Java with"
          + " --add-modules jdk.incubator.vector";

  @TempDir Path folder;

  /** A project's program: computes something, and gives reason for a warning, twice. */
  static final class Main {
    public static void main(String[] args) {
      for (int i = 0; i < 2; i++) {
        var model =
            PeftModel.of(
                new Sequential(new Linear(2, 2)), LoraConfig.builder().targets("0").r(1).build());
        model.adapters().addMatching("other", LoraConfig.builder().targets("0").r(1).build());
        model.adapters().delete("default");
        float[] y = model.model().forward(Tensor.ones(1, 2)).gelu().toFloats();
        if (y.length != 2) {
          throw new AssertionError();
        }
      }
      System.out.println("done");
    }
  }

  private record Printed(String out, List<String> err) {}

  private Printed run(boolean provider, String... flags) throws IOException, InterruptedException {
    String classPath =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(p -> provider || !p.contains("slf4j-simple"))
            .collect(Collectors.joining(File.pathSeparator));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of(flags));
    command.addAll(List.of("-cp", classPath, Main.class.getName()));
    Path err = folder.resolve("err");
    Process process = new ProcessBuilder(command).redirectError(err.toFile()).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(Files.readString(err)).isZero();
    return new Printed(out, Files.readAllLines(err));
  }

  @Test
  void withoutAProviderEachIsALineOnStandardErrorOnce() throws Exception {
    Printed printed = run(false);
    assertThat(printed.out()).isEqualTo("done" + System.lineSeparator());
    assertThat(printed.err())
        .containsExactlyInAnyOrder(
            "peft4j warning: adapter 'default' was active and is deleted; 'other' is active now",
            "peft4j warning: " + MISSING_FLAG);
  }

  @Test
  void withAProviderTheyGoThroughItOnly() throws Exception {
    Printed printed =
        run(
            true,
            "-Dorg.slf4j.simpleLogger.showThreadName=false",
            "-Dorg.slf4j.simpleLogger.logFile=" + folder.resolve("log"));
    assertThat(printed.out()).isEqualTo("done" + System.lineSeparator());
    assertThat(printed.err()).isEmpty();
    assertThat(Files.readAllLines(folder.resolve("log")))
        .filteredOn(line -> line.contains(MISSING_FLAG))
        .containsExactly("WARN dev.peft4j.backend.cpu.Loops - " + MISSING_FLAG);
  }

  @Test
  void oneThatIsTurnedOffStaysSilent() throws Exception {
    assertThat(run(true, "-Dorg.slf4j.simpleLogger.defaultLogLevel=off").err()).isEmpty();
  }

  @Test
  void whatAWarningQuotesCannotSteerATerminal() {
    List<String> lines = new ArrayList<>();
    var log = new StandardErrorLogger("test", lines::add);
    log.warn("{}: ignoring {}", "a\u001b[31mb", "two\nlines");
    log.info("not shown");
    log.error("with its cause", new IOException("disk full"));
    assertThat(lines).hasSize(2);
    assertThat(lines.getFirst())
        .isEqualTo("peft4j warning: a\\u001b[31mb: ignoring two\\u000alines");
    assertThat(lines.getLast())
        .startsWith("peft4j error: with its cause")
        .contains("java.io.IOException: disk full");
  }
}
