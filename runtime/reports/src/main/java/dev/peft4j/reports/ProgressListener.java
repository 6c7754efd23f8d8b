package dev.peft4j.reports;

import dev.peft4j.reports.terminal.ProgressOutput;
import dev.peft4j.reports.terminal.Terminal;
import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingListener;
import java.io.PrintStream;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressState;
import org.jspecify.annotations.Nullable;

/**
 * A display of the progress of a run: steps, time, loss, epoch and the last evaluation. On a
 * terminal it is a bar in one line, as wide as the terminal; in a file or a pipe it is a line every
 * few seconds, and one at the end. Other output while the bar is shown goes to separate lines,
 * through {@code System.out} and {@code System.err}, which are replaced until the run ends. Nothing
 * is written after {@code run()} has returned.
 */
public final class ProgressListener implements TrainingListener {
  private static final Duration BAR = Duration.ofMillis(250);
  private static final Duration LINES = Duration.ofSeconds(5);

  private final String task;
  private final PrintStream out;
  private final @Nullable Duration interval;
  private final RunningMean loss = new RunningMean(20);
  private SequencedMap<String, Double> evaluation = new LinkedHashMap<>();
  private String unit = "";
  private double counted;
  private long epoch;
  private boolean painted;
  private @Nullable ProgressBar bar;

  /** Creates a display on standard error. */
  public ProgressListener(String task) {
    this(task, System.err);
  }

  /**
   * Creates a display on {@code out}: a bar if that is {@code System.out} or {@code System.err} and
   * a terminal.
   */
  public ProgressListener(String task, PrintStream out) {
    this(task, out, null);
  }

  /** Creates a display with another interval than the default. */
  ProgressListener(String task, PrintStream out, @Nullable Duration interval) {
    this.task = task;
    this.out = out;
    this.interval = interval;
  }

  /**
   * Shows how many things the losses are the mean of in a second, see {@link
   * TrainingEvent.Step#count}.
   *
   * @param things what they are, such as {@code tokens}
   */
  public ProgressListener showRate(String things) {
    unit = things;
    return this;
  }

  @Override
  public void on(TrainingEvent event) {
    switch (event) {
      case TrainingEvent.Started s -> start(s);
      case TrainingEvent.CheckpointSkipped _ -> {} // a warning says it
      case TrainingEvent.Changed _ -> {} // the trainer has logged it
      case TrainingEvent.Step s -> {
        synchronized (this) {
          loss.add(s.loss(), s.count());
          counted += s.count();
          epoch = s.epoch() + 1;
        }
        if (bar != null) {
          bar.stepTo(s.state().step());
        }
      }
      case TrainingEvent.Evaluated e -> {
        synchronized (this) {
          evaluation = sorted(e.values());
        }
        if (bar != null && painted) {
          bar.refresh(); // a line would be one too many
        }
      }
      case TrainingEvent.Saved _ -> {}
      case TrainingEvent.Finished _ -> close();
      case TrainingEvent.Failed _ -> close();
    }
  }

  private void start(TrainingEvent.Started s) {
    close();
    counted = 0;
    Terminal terminal = Terminal.of(out);
    painted = terminal.isThere();
    Duration usual = painted ? BAR : LINES;
    bar =
        new ProgressBarBuilder()
            .setTaskName(task)
            .setInitialMax(s.totalSteps())
            .startsFrom(s.state().step(), Duration.ZERO)
            .setUpdateIntervalMillis((int) (interval == null ? usual : interval).toMillis())
            .setRenderer((state, width) -> text(state, painted ? width : 0))
            .setConsumer(new ProgressOutput(out, terminal))
            .build();
  }

  /** Returns the text for a terminal of {@code width} columns; 0 for lines. */
  private synchronized String text(ProgressState state, int width) {
    long done = state.getCurrent() - state.getStart();
    Duration elapsed = state.getElapsedAfterStart();
    Duration left =
        done <= 0
            ? null
            : Duration.ofNanos(
                (long) ((double) elapsed.toNanos() / done * (state.getMax() - state.getCurrent())));
    ProgressText text =
        new ProgressText(
            task,
            state.getCurrent(),
            state.getMax(),
            elapsed,
            left,
            loss.value(),
            rate(elapsed),
            epoch,
            evaluation);
    return width > 0 ? text.bar(width) : text.line();
  }

  private String rate(Duration elapsed) {
    double seconds = elapsed.toNanos() / 1e9;
    return unit.isEmpty() || counted == 0 || seconds == 0
        ? ""
        : String.format(Locale.ROOT, "%,.0f %s/s", counted / seconds, unit);
  }

  /** Returns the values by name, but the loss last: accuracy and the like are more interesting. */
  private static SequencedMap<String, Double> sorted(Map<String, Double> values) {
    SequencedMap<String, Double> sorted = new LinkedHashMap<>(new TreeMap<>(values));
    Double own = sorted.remove("loss");
    if (own != null) {
      sorted.put("loss", own);
    }
    return sorted;
  }

  private void close() {
    ProgressBar b = bar;
    if (b != null) {
      b.close();
      bar = null;
    }
  }
}
