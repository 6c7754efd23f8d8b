package dev.peft4j.train;

/** A receiver of the events of a training run, called on the thread that trains. */
@FunctionalInterface
public interface TrainingListener {
  /** Receives an event; an exception thrown here ends the training. */
  void on(TrainingEvent event);
}
