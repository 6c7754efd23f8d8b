package dev.peft4j.reports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Sequential;
import dev.peft4j.optim.Sgd;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Every;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingSettings;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Progress as a terminal shows it: a run in a Java of its own, on a pseudo-terminal that {@code
 * script} of util-linux makes, and its output played to a screen of that width.
 */
@Timeout(120)
class TerminalTest {
  private static final Path SCRIPT = Path.of("/usr/bin/script");

  @TempDir Path folder;

  /** Trains for a moment, and does something else afterwards. */
  static final class Main {
    public static void main(String[] args) throws InterruptedException {
      boolean chatty = args.length > 0;
      AdaptedModel<Sequential> model =
          Rng.with(
              1,
              () ->
                  PeftModel.of(
                      new Sequential(new Linear(2, 1)),
                      LoraConfig.builder().targets("0").r(1).build()));
      Batches<Tensor> data = Batches.of(List.of(Tensor.of(new float[] {1, 2}, 1, 2)));
      Trainer.of(
              model,
              Sgd.of(model.trainableParameters(), 0.01f),
              data,
              x -> {
                pause(20);
                return model.model().forward(x).square().mean();
              })
          .settings(TrainingSettings.builder().steps(40).evaluate(Every.steps(10)).build())
          .evaluator(
              () -> {
                if (chatty) {
                  System.err.println("a warning");
                  System.out.println("a line");
                  System.out.print("half a line");
                }
                return Map.of("accuracy", 0.9375, "loss", 0.5);
              })
          .listener(new ProgressListener("a run"))
          .run();
      System.err.println("after the run");
      Thread.sleep(600); // longer than the interval
      System.err.println("much later");
    }

    private static void pause(int millis) {
      try {
        Thread.sleep(millis);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static List<String> java(String... args) {
    List<String> command = new ArrayList<>();
    Collections.addAll(
        command,
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=off",
        "-cp",
        System.getProperty("java.class.path"),
        Main.class.getName());
    Collections.addAll(command, args);
    return command;
  }

  /** What the run writes to a terminal of so many columns. */
  private String onTerminal(int columns, String... args) throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(SCRIPT), "there is no " + SCRIPT + " to make a terminal with");
    Path run = folder.resolve("run.sh");
    Files.writeString(
        run, "stty cols " + columns + " rows 24\nexec '" + String.join("' '", java(args)) + "'\n");
    ProcessBuilder builder =
        new ProcessBuilder(
            SCRIPT.toString(), "-qec", "sh " + run, folder.resolve("typescript").toString());
    builder.environment().put("TERM", "xterm");
    builder.environment().remove("COLUMNS");
    Process process = builder.redirectErrorStream(true).start();
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(out).isZero();
    return out;
  }

  @ParameterizedTest
  @ValueSource(ints = {60, 80, 200})
  void theBarIsOneLineOfTheTerminal(int columns) throws Exception {
    Screen screen = new Screen(columns);
    screen.play(onTerminal(columns));
    assertThat(screen.lines()).as(screen.toString()).hasSize(3);
    assertThat(screen.lines().getFirst())
        .startsWith("a run 100%")
        .contains("40/40", "loss 0.", " | accuracy 0.9375");
    assertThat(screen.lines().subList(1, 3)).containsExactly("after the run", "much later");
    assertThat(screen.paintings).isGreaterThan(3);
    if (columns == 200) {
      assertThat(screen.lines().getFirst())
          .contains("[" + "=".repeat(60) + "]", "epoch 40", ", loss 0.5000");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {60, 120})
  void whatIsPrintedMeanwhileHasLinesOfItsOwn(int columns) throws Exception {
    Screen screen = new Screen(columns);
    screen.play(onTerminal(columns, "chatty"));
    List<String> lines = new ArrayList<>(screen.lines());
    assertThat(lines.removeIf(l -> l.startsWith("a run 100%"))).as(screen.toString()).isTrue();
    List<String> expected = new ArrayList<>();
    for (int evaluation = 0; evaluation < 5; evaluation++) { // the first asks for the names
      Collections.addAll(expected, "a warning", "a line", "half a line");
    }
    Collections.addAll(expected, "after the run", "much later");
    assertThat(lines).as(screen.toString()).isEqualTo(expected);
  }

  @Test
  void theBarGrowsAndShowsTheLastEvaluation() throws Exception {
    String[] painted = onTerminal(120).split("\r");
    assertThat(painted).anyMatch(p -> p.matches("a run {3}0% \\[ +\\] 0/40 \\(0:00\\) *"));
    assertThat(painted).anyMatch(p -> p.matches("a run  [2-9]\\d% \\[=+ +\\] .*left\\), epoch.*"));
    assertThat(painted).anyMatch(p -> p.matches("a run  [2-9]\\d% .* \\| accuracy 0\\.9375.*"));
  }

  @Test
  void inAPipeThereAreLinesAndNoneIsPaintedOver() throws Exception {
    Process process = new ProcessBuilder(java()).redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(out).isZero();
    assertThat(out).doesNotContain("\r", "[");
    // a run of a second: where it begins, and where it ends
    assertThat(out.lines())
        .satisfiesExactly(
            first -> assertThat(first).startsWith("a run   0% 0/40"),
            last ->
                assertThat(last)
                    .startsWith("a run 100% 40/40 (0:")
                    .contains("), epoch 40, loss ")
                    .endsWith(" | accuracy 0.9375, loss 0.5000"),
            after -> assertThat(after).isEqualTo("after the run"),
            later -> assertThat(later).isEqualTo("much later"));
  }
}
