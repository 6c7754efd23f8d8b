package dev.peft4j.train;

import java.nio.file.Path;

/** A process that trains and is going to be killed. */
final class KilledRun {
  static final TrainingSettings SETTINGS =
      TrainingSettings.builder()
          .steps(20)
          .accumulation(2)
          .clipNorm(1)
          .checkpoint(Every.steps(1))
          .evaluate(Every.steps(5))
          .seed(2)
          .build();

  private KilledRun() {}

  static Trainer<TinyRun.Batch> trainer(TinyRun run) {
    return run.trainer(SETTINGS).evaluator(Evaluator.meanLoss(TinyRun.batches(), run::plainLoss));
  }

  /** Trains in the folder that is given, and says after which step it is. */
  public static void main(String[] args) {
    TinyRun run = new TinyRun(7);
    trainer(run)
        .checkpoints(Path.of(args[0]))
        .listener(
            e -> {
              if (e instanceof TrainingEvent.Started || e instanceof TrainingEvent.Step) {
                System.out.println(e.state().step());
              }
            })
        .resume();
  }
}
