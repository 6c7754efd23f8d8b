package dev.peft4j.cli;

import dev.peft4j.io.Printable;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** A stream for the log: what warnings quote of files is escaped. */
final class SafeStream extends PrintStream {
  SafeStream(PrintStream to) {
    super(to, true, to.charset());
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
    super.println(Printable.of(String.valueOf(line)));
  }

  @Override
  public void println(@Nullable Object line) {
    println(String.valueOf(line));
  }
}
