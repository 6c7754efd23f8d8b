package dev.peft4j.reports.terminal;

import java.io.OutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import me.tongfei.progressbar.ProgressBarConsumer;

/**
 * The output of the progress library: to one line of a terminal, which is overwritten, or as lines
 * to a file or another program. Other output to the terminal, such as warnings, goes to separate
 * lines: the progress makes room, and is below it when it is written again. Nothing is written
 * after it has been closed.
 */
public final class ProgressOutput implements ProgressBarConsumer {
  /** Times as the progress has them: (0:12) or (0:12, 1:03 left). */
  private static final String TIMES = "\\([0-9:]+(, [0-9:]+ left)?\\)";

  private final PrintStream out;
  private final Terminal terminal;
  private final List<Runnable> undo = new ArrayList<>();
  private int shown;
  private boolean begun; // a line of somebody else
  private String last = "";
  private boolean closed;

  /** Creates an output to {@code out}, which {@code terminal} is behind if there is one. */
  public ProgressOutput(PrintStream out, Terminal terminal) {
    this.out = out;
    this.terminal = terminal;
    if (terminal.isThere()) {
      share(System.err, System::setErr, () -> System.err);
      if (Terminal.of(System.out).isThere()) {
        share(System.out, System::setOut, () -> System.out);
      }
    }
  }

  private void share(PrintStream stream, Consumer<PrintStream> set, Supplier<PrintStream> get) {
    PrintStream shared = new PrintStream(new Shared(stream), true, stream.charset());
    set.accept(shared);
    undo.add(
        () -> {
          if (get.get() == shared) {
            set.accept(stream);
          }
        });
  }

  /** Returns the last column but one: a terminal would begin a new line after the last. */
  @Override
  public int getMaxRenderedLength() {
    return terminal.isThere() ? terminal.width() - 1 : Integer.MAX_VALUE;
  }

  @Override
  public synchronized void accept(String text) {
    String said = text.replaceAll(TIMES, "");
    if (closed || !terminal.isThere() && said.equals(last)) {
      return; // in a file, a line that differs in the time alone says nothing new
    }
    last = said;
    if (terminal.isThere()) {
      if (begun) {
        out.println();
        begun = false;
      }
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
      undo.forEach(Runnable::run);
      if (terminal.isThere()) {
        out.println();
        out.flush();
      }
    }
  }

  /** Makes room for other output; the caller holds this lock. */
  private void makeRoom(byte[] bytes, int from, int count) {
    if (closed || count == 0) {
      return;
    }
    if (shown > 0) {
      out.print("\r" + " ".repeat(Math.min(shown, getMaxRenderedLength())) + "\r");
      out.flush();
      shown = 0;
    }
    begun = bytes[from + count - 1] != '\n';
  }

  /** Standard output or standard error of other code while the progress is shown. */
  private final class Shared extends OutputStream {
    private final PrintStream to;

    Shared(PrintStream to) {
      this.to = to;
    }

    @Override
    public void write(int b) {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int count) {
      synchronized (ProgressOutput.this) {
        makeRoom(bytes, from, count);
        to.write(bytes, from, count);
        to.flush();
      }
    }

    @Override
    public void flush() {
      to.flush();
    }
  }
}
