package dev.peft4j.train;

/** Is told what happens in a training run, on the thread that trains. */
@FunctionalInterface
public interface TrainingListener {
  /** Something happened. An exception thrown here ends the training. */
  void on(TrainingEvent event);
}
