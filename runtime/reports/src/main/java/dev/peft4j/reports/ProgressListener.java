package dev.peft4j.reports;

import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingListener;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** A progress bar with the loss, the epoch and the last evaluation. */
public final class ProgressListener implements TrainingListener {
  private static final int MILLIS = 500;

  private final String task;
  private final PrintStream out;
  private final RunningMean loss = new RunningMean(20);
  private String evaluation = "";
  private @Nullable ProgressBar bar;
  private Console console;

  /** A bar on standard error. */
  public ProgressListener(String task) {
    this(task, System.err);
  }

  /** A bar on {@code out}. */
  public ProgressListener(String task, PrintStream out) {
    this.task = task;
    this.out = out;
    this.console = new Console(out);
  }

  @Override
  public void on(TrainingEvent event) {
    switch (event) {
      case TrainingEvent.Started s -> {
        console = new Console(out);
        bar =
            new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(s.totalSteps())
                .startsFrom(s.state().step(), Duration.ZERO)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(MILLIS)
                .setConsumer(console)
                .build();
      }
      case TrainingEvent.CheckpointSkipped _ -> {} // a warning says it
      case TrainingEvent.Changed _ -> {} // the trainer has logged it
      case TrainingEvent.Step s -> {
        loss.add(s.loss(), s.count());
        show(
            s.state().step(),
            String.format(
                Locale.ROOT, " loss %.4f, epoch %d%s", loss.value(), s.epoch() + 1, evaluation));
      }
      case TrainingEvent.Evaluated e -> evaluation = " | " + describe(e.values());
      case TrainingEvent.Saved _ -> {}
      case TrainingEvent.Finished _ -> close();
      case TrainingEvent.Failed _ -> close();
    }
  }

  private static String describe(Map<String, Double> values) {
    return new TreeMap<>(values)
        .entrySet().stream()
            .map(e -> String.format(Locale.ROOT, "%s %.4f", e.getKey(), e.getValue()))
            .collect(Collectors.joining(", "));
  }

  private void show(long step, String message) {
    ProgressBar b = bar;
    if (b != null) {
      b.setExtraMessage(message);
      b.stepTo(step);
    }
  }

  private void close() {
    ProgressBar b = bar;
    if (b != null) {
      b.close();
      console.close();
      bar = null;
    }
  }

  /** Ends its line once, also if the bar is closed before it was shown at all. */
  private static final class Console extends ConsoleProgressBarConsumer {
    private boolean closed;

    Console(PrintStream out) {
      super(out);
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        super.close();
      }
    }
  }
}
