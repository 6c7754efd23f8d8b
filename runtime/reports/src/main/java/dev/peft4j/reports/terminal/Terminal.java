package dev.peft4j.reports.terminal;

import java.io.PrintStream;
import org.jline.nativ.CLibrary;
import org.jline.nativ.JLineNativeLoader;

/** The terminal of standard output or standard error, if there is one, found with JLine. */
public final class Terminal {
  /** The width of a terminal whose width is unknown. */
  private static final int USUAL = 80;

  private final int descriptor;

  private Terminal(int descriptor) {
    this.descriptor = descriptor;
  }

  /** Returns the terminal that {@code out} writes to; one with width 0 if it is not a terminal. */
  public static Terminal of(PrintStream out) {
    int descriptor = out == System.err ? 2 : out == System.out ? 1 : -1;
    boolean dumb = "dumb".equals(System.getenv("TERM"));
    return new Terminal(descriptor > 0 && !dumb && isTerminal(descriptor) ? descriptor : -1);
  }

  private static boolean isWindows() {
    return System.getProperty("os.name", "").startsWith("Windows");
  }

  private static boolean isTerminal(int descriptor) {
    if (isWindows()) {
      return System.console() != null && System.console().isTerminal();
    }
    try {
      JLineNativeLoader.initialize();
      return CLibrary.isatty(descriptor) == 1;
    } catch (Exception | LinkageError e) {
      return false; // lines are right everywhere
    }
  }

  /** Returns whether there is a terminal. */
  public boolean isThere() {
    return descriptor > 0;
  }

  /** Returns the current number of columns. */
  public int width() {
    int width = 0;
    if (isThere() && !isWindows()) {
      CLibrary.WinSize size = new CLibrary.WinSize();
      if (CLibrary.ioctl(descriptor, CLibrary.TIOCGWINSZ, size) == 0) {
        width = size.ws_col;
      }
    }
    String given = System.getenv("COLUMNS");
    if (width <= 0 && given != null && given.matches("[1-9][0-9]{0,3}")) {
      width = Integer.parseInt(given);
    }
    return width > 0 ? width : USUAL;
  }
}
