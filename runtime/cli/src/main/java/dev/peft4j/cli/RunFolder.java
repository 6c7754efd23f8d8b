package dev.peft4j.cli;

import dev.peft4j.reports.LossCurve;
import dev.peft4j.reports.ProgressListener;
import dev.peft4j.train.Checkpoint;
import dev.peft4j.train.CsvLog;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingResult;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The output folder of a training run: checkpoints, tables and a picture.
 *
 * @param folder the folder
 * @param resume whether the run goes on from the last checkpoint
 * @param progress what is shown meanwhile, or null for nothing
 */
record RunFolder(Path folder, boolean resume, @Nullable ProgressListener progress) {
  /** Returns the folder of the adapter. */
  Path adapter() {
    return folder.resolve("adapter");
  }

  /** Lets a trainer write here. */
  <B> Trainer<B> attach(Trainer<B> trainer) {
    return attach(trainer, List.of());
  }

  /** Lets a trainer write here, with numbers that it measures in each step. */
  <B> Trainer<B> attach(Trainer<B> trainer, List<String> measured) {
    trainer.checkpoints(folder.resolve("checkpoints")).listener(new CsvLog(folder, measured));
    if (progress != null) {
      trainer.listener(progress);
    }
    return trainer;
  }

  /** Runs the training; a process that is asked to end writes a checkpoint. */
  <B> TrainingResult run(Trainer<B> trainer) {
    Path checkpoints = folder.resolve("checkpoints");
    if (!resume && !Checkpoint.list(checkpoints).isEmpty()) {
      throw new UsageException(
          "there are checkpoints in "
              + checkpoints
              + " already: give --resume to continue from them, or another --out");
    }
    try (GracefulStop stop = new GracefulStop(trainer::stop)) {
      LossCurve curve = new LossCurve(folder, folder.resolve("loss.png"));
      trainer.listener(
          event -> {
            if (!stop.isAsked()) { // a JVM that is about to end draws nothing any more
              curve.on(event);
            }
          });
      return resume ? trainer.resume() : trainer.run();
    }
  }
}
