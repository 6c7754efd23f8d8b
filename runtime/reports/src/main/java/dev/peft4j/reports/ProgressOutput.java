package dev.peft4j.reports;

import java.io.PrintStream;
import me.tongfei.progressbar.ProgressBarConsumer;

/**
 * Where the library's progress goes: to one line of a terminal, which is painted over, or as lines
 * to a file or another program. Once it is closed nothing is written any more.
 */
final class ProgressOutput implements ProgressBarConsumer {
  private final PrintStream out;
  private final Terminal terminal;
  private int shown;
  private String last = "";
  private boolean closed;

  ProgressOutput(PrintStream out, Terminal terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  /** The last column stays free: a terminal would begin a new line behind it. */
  @Override
  public int getMaxRenderedLength() {
    return terminal.isThere() ? terminal.width() - 1 : Integer.MAX_VALUE;
  }

  @Override
  public synchronized void accept(String text) {
    if (closed || !terminal.isThere() && text.equals(last)) {
      return;
    }
    last = text;
    if (terminal.isThere()) {
      int over = Math.min(shown, getMaxRenderedLength()) - text.length();
      out.print("\r" + text + " ".repeat(Math.max(0, over)));
      shown = text.length();
    } else {
      out.println(text);
    }
    out.flush();
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      if (terminal.isThere()) {
        out.println();
        out.flush();
      }
    }
  }
}
