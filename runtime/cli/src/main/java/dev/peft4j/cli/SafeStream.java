package dev.peft4j.cli;

import dev.peft4j.io.Printable;
import java.io.OutputStream;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * A stream for the log that escapes text from files. While a progress bar replaces standard error,
 * it writes to the bar's stream.
 */
final class SafeStream extends PrintStream {
  SafeStream(PrintStream to) {
    super(new Current(to), true, to.charset());
  }

  private static final class Current extends OutputStream {
    private final PrintStream to;
    private final PrintStream usual = System.err;

    Current(PrintStream to) {
      this.to = to;
    }

    private PrintStream now() {
      PrintStream now = System.err;
      return now == usual || now instanceof SafeStream ? to : now;
    }

    @Override
    public void write(int b) {
      now().write(b);
    }

    @Override
    public void write(byte[] bytes, int from, int count) {
      now().write(bytes, from, count);
    }

    @Override
    public void flush() {
      now().flush();
    }
  }

  /** Makes the logger, which keeps the standard error that it finds, write to such a stream. */
  static void forLog() {
    PrintStream before = System.err;
    System.setErr(new SafeStream(before));
    try {
      LoggerFactory.getLogger(SafeStream.class).isWarnEnabled();
    } finally {
      System.setErr(before);
    }
  }

  @Override
  public void println(@Nullable String line) {
    print(Printable.of(String.valueOf(line)) + System.lineSeparator()); // at once
  }

  @Override
  public void println(@Nullable Object line) {
    println(String.valueOf(line));
  }
}
