package dev.peft4j.spark;

import dev.peft4j.optim.AdamW;
import dev.peft4j.train.Every;
import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingSettings;
import java.io.IOException;
import java.nio.file.Path;
import org.apache.spark.sql.SparkSession;

/** A driver that says each step, to be killed. */
final class KilledDriver {
  static final int STEPS = 24;

  private KilledDriver() {}

  static TrainingSettings.Builder settings() {
    return SmallRecipe.settings(4).epochs(0).steps(STEPS);
  }

  public static void main(String[] args) throws IOException {
    try (SparkSession spark = Sessions.local(2);
        var trainer = SparkTrainer.of(spark, SmallRecipe.plain(), p -> AdamW.of(p, 0.02f))) {
      trainer
          .settings(settings().checkpoint(Every.steps(1)).build())
          .checkpoints(Path.of(args[0]))
          .listener(
              event -> {
                if (event instanceof TrainingEvent.Step s) {
                  System.out.println("step " + s.state().step());
                }
              })
          .resume();
    }
  }
}
