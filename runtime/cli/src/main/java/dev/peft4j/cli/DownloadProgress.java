package dev.peft4j.cli;

import dev.peft4j.hub.HubEvent;
import dev.peft4j.hub.HubFile;
import dev.peft4j.hub.HubListener;
import dev.peft4j.io.Printable;
import dev.peft4j.reports.terminal.ProgressOutput;
import dev.peft4j.reports.terminal.Terminal;
import java.util.HashMap;
import java.util.Map;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * The progress of a download on standard error: a bar on a terminal, elsewhere a line now and then.
 */
final class DownloadProgress implements HubListener, AutoCloseable {
  private static final long BETWEEN_LINES = 5_000_000_000L;
  private static final int BETWEEN_PAINTS = 200;

  private final String what;
  private final Out out;
  private final boolean quiet;
  private final Map<String, Long> bytes = new HashMap<>();
  private final Thread hook = new Thread(this::stopped, "download-stopped");
  private long total;
  private long done;
  private long lastLine = System.nanoTime();
  private @Nullable ProgressBar bar;

  DownloadProgress(String what, Out out, boolean quiet) {
    this.what = what;
    this.out = out;
    this.quiet = quiet;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  @Override
  public void on(HubEvent event) {
    switch (event) {
      case HubEvent.Listed l -> {
        long all = 0;
        for (HubFile f : l.files()) {
          all += f.present() ? 0 : Math.max(0, f.size());
        }
        start(all);
      }
      case HubEvent.Progress p -> {
        Long before = bytes.put(p.path(), p.bytes());
        done += p.bytes() - (before == null ? 0 : before);
        show(p.path());
      }
      case HubEvent.Waiting w -> note(w.sentence());
    }
  }

  private void start(long all) {
    total = all;
    if (quiet || all == 0) {
      return;
    }
    out.note("%s: %s to download", what, DownloadCommand.size(all));
    Terminal terminal = Terminal.of(System.err);
    if (terminal.isThere()) {
      bar =
          new ProgressBarBuilder()
              .setTaskName("download")
              .setInitialMax(all)
              .setUnit("MB", 1_000_000)
              .setStyle(ProgressBarStyle.ASCII)
              .setUpdateIntervalMillis(BETWEEN_PAINTS)
              .setConsumer(new ProgressOutput(System.err, terminal))
              .build();
    }
  }

  private void show(String path) {
    ProgressBar b = bar;
    if (b != null) {
      b.setExtraMessage(" " + Printable.of(path.substring(path.lastIndexOf('/') + 1)));
      b.stepTo(done);
    } else if (!quiet && System.nanoTime() - lastLine > BETWEEN_LINES) {
      lastLine = System.nanoTime();
      out.note(
          "%s of %s (%d%%), %s",
          DownloadCommand.size(done),
          DownloadCommand.size(total),
          total == 0 ? 100 : done * 100 / total,
          path);
    }
  }

  /** A sentence on a line of its own, which the bar makes room for. */
  private void note(String sentence) {
    if (quiet) {
      return;
    }
    if (bar == null) {
      out.note("%s", sentence);
    } else {
      System.err.println(Printable.of(sentence));
    }
  }

  /** Reports that all files are complete. */
  void finished() {
    closeBar();
    if (!quiet && total > 0) {
      out.note("%s: %s, sizes and hashes are right", what, DownloadCommand.size(total));
    }
  }

  /** Reports that the process ends before the download is complete. */
  private void stopped() {
    out.note("%nstopped; what has been downloaded is kept, the same command continues");
  }

  private void closeBar() {
    ProgressBar b = bar;
    if (b != null) {
      b.close();
      bar = null;
    }
  }

  @Override
  public void close() {
    closeBar();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException _) {
      // it is running: the process is about to end
    }
  }
}
