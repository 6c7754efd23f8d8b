package dev.peft4j.cli;

import java.io.Console;
import java.io.IOException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/** The width of the user's terminal, if there is one. */
final class TerminalWidth {
  private static final int LEAST = 20;
  private static final int STANDARD = 80;

  private TerminalWidth() {}

  /** Returns the number of columns of the terminal; 0 if there is none. */
  static int columns() {
    Console console = System.console(); // null for JDK 25's own, whatever JDK 22 did
    if (console == null || !console.isTerminal()) {
      return 0;
    }
    // With signals of its own JLine would end the process at Ctrl-C, before any shutdown hook.
    try (Terminal terminal =
        TerminalBuilder.builder().system(true).dumb(true).nativeSignals(false).build()) {
      int width = terminal.getWidth();
      return width < LEAST ? STANDARD : width;
    } catch (IOException | IllegalStateException _) {
      return STANDARD;
    }
  }
}
