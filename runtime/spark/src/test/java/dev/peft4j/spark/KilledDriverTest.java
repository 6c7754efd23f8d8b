package dev.peft4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.optim.AdamW;
import dev.peft4j.train.Every;
import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A driver that is killed is resumed from its last checkpoint. */
@Timeout(120)
class KilledDriverTest {
  @TempDir Path folder;

  @Test
  void goesOnBitForBit() throws Exception {
    killAfterStep(3);
    List<TrainingEvent> events = new ArrayList<>();
    SmallRecipe recipe = SmallRecipe.plain();
    TrainingSettings settings = KilledDriver.settings().checkpoint(Every.steps(1)).build();
    try (SparkSession spark = Sessions.local(2);
        var trainer = SparkTrainer.of(spark, recipe, p -> AdamW.of(p, 0.02f))) {
      trainer.settings(settings).checkpoints(folder).listener(events::add).resume();
      assertThat(events.getFirst())
          .isInstanceOfSatisfying(
              TrainingEvent.Started.class,
              s -> assertThat(s.state().step()).isBetween(2L, KilledDriver.STEPS - 1L));
      assertThat(SmallRecipe.weights(trainer.model()))
          .isEqualTo(recipe.alone(KilledDriver.settings().build()));
    }
  }

  private void killAfterStep(int step) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElseThrow());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(a -> !a.startsWith("-javaagent"))
        .forEach(command::add);
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            KilledDriver.class.getName(),
            folder.toString()));
    Process driver =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try (BufferedReader lines = driver.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.equals("step " + step)) {
          break;
        }
      }
    } finally {
      driver.destroyForcibly();
    }
    assertThat(driver.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(driver.exitValue()).isNotZero();
  }
}
