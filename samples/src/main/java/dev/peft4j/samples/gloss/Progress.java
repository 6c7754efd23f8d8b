package dev.peft4j.samples.gloss;

import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A progress bar on standard error. */
final class Progress implements AutoCloseable {
  private static final int MILLIS = 500;

  private final ProgressBar bar;

  Progress(String task, long total) {
    this.bar =
        new ProgressBarBuilder()
            .setTaskName(task)
            .setInitialMax(total)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(MILLIS)
            .setConsumer(new ConsoleProgressBarConsumer(System.err))
            .hideEta()
            .build();
  }

  /** One step done, with what is worth knowing after it. */
  void step(double loss, double accuracy, double examplesPerSecond) {
    bar.setExtraMessage(
        String.format(
            Locale.ROOT,
            " loss %.3f, accuracy %.3f, %.0f examples/s",
            loss,
            accuracy,
            examplesPerSecond));
    bar.step();
  }

  /** Some more items done, of which nothing else is to be said. */
  void stepBy(long items) {
    bar.stepBy(items);
  }

  @Override
  public void close() {
    bar.close();
  }
}
