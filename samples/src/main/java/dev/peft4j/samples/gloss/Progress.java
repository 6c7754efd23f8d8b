package dev.peft4j.samples.gloss;

import java.io.Console;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Progress on standard error: a bar on a terminal, elsewhere a line every few seconds. */
final class Progress implements AutoCloseable {
  private static final int BAR_MILLIS = 500;
  private static final int LINE_MILLIS = 5000;

  private final ProgressBar bar;

  Progress(String task, long total) {
    Console console = System.console();
    boolean terminal = console != null && console.isTerminal();
    this.bar =
        new ProgressBarBuilder()
            .setTaskName(task)
            .setInitialMax(total)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(terminal ? BAR_MILLIS : LINE_MILLIS)
            .setConsumer(
                terminal
                    ? new ConsoleProgressBarConsumer(System.err)
                    : new DelegatingProgressBarConsumer(System.err::println))
            .hideEta()
            .build();
  }

  /** Records a finished step with its results. */
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

  /** Records finished items without further results. */
  void stepBy(long items) {
    bar.stepBy(items);
  }

  @Override
  public void close() {
    bar.close();
  }
}
