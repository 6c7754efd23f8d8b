package dev.peft4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.optim.AdamW;
import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Executors that are processes: how many, and which of them live on, changes nothing. */
@Timeout(120)
class ClusterTest {
  private static final TrainingSettings SETTINGS = SmallRecipe.settings(4).steps(4).build();

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void theNumberOfExecutorsDoesNotMatter(int executors) throws IOException {
    SmallRecipe recipe = SmallRecipe.plain();
    try (Cluster cluster = new Cluster(executors);
        var trainer = SparkTrainer.of(cluster.spark, recipe, p -> AdamW.of(p, 0.02f))) {
      trainer.settings(SETTINGS).run();
      assertThat(Cluster.processes()).hasSize(executors);
      assertThat(SmallRecipe.weights(trainer.model())).isEqualTo(recipe.alone(SETTINGS));
    }
  }

  @Test
  void anExecutorThatIsKilledDuringAStepChangesNothing() throws IOException {
    SmallRecipe recipe = SmallRecipe.plain();
    Map<String, List<Float>> alone = recipe.alone(SETTINGS);
    try (Cluster cluster = new Cluster(2);
        var trainer =
            SparkTrainer.of(
                cluster.spark,
                new KilledRecipe(recipe, folder.toString()),
                p -> AdamW.of(p, 0.02f))) {
      trainer
          .settings(SETTINGS)
          .listener(
              event -> {
                if (event instanceof TrainingEvent.Step s && s.state().step() == 2) {
                  create(KilledRecipe.armed(folder));
                }
              })
          .run();
      assertThat(KilledRecipe.killed(folder)).exists();
      assertThat(SmallRecipe.weights(trainer.model())).isEqualTo(alone);
    }
  }

  private static void create(Path file) {
    try {
      Files.createFile(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
