package dev.peft4j.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;

/**
 * What somebody types: with history and editing at a terminal, line by line otherwise. A line that
 * ends with a backslash goes on in the next one.
 */
abstract sealed class ChatInput implements AutoCloseable {
  private static final String GOES_ON = "\\";

  /** Set by Ctrl-C while an answer is made, to end it. */
  final AtomicBoolean cancelled = new AtomicBoolean();

  /** Returns the next text; null at the end. */
  @Nullable String read() throws IOException {
    StringBuilder text = new StringBuilder();
    String prompt = "> ";
    while (true) {
      String line = line(prompt);
      if (line == null) {
        return text.isEmpty() ? null : text.toString();
      }
      if (!line.endsWith(GOES_ON)) {
        return text.append(line).toString();
      }
      text.append(line, 0, line.length() - 1).append('\n');
      prompt = ". ";
    }
  }

  abstract @Nullable String line(String prompt) throws IOException;

  /** Returns whether somebody sits at a terminal. */
  abstract boolean isInteractive();

  @Override
  public abstract void close() throws IOException;

  /** Returns the input from standard input, whatever that is. */
  static ChatInput of(InputStream in) throws IOException {
    return System.console() != null && System.console().isTerminal() && in == System.in
        ? new Typed()
        : new Piped(in);
  }

  private static final class Piped extends ChatInput {
    private final BufferedReader in;

    Piped(InputStream in) {
      this.in = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    }

    @Override
    @Nullable String line(String prompt) throws IOException {
      return in.readLine();
    }

    @Override
    boolean isInteractive() {
      return false;
    }

    @Override
    public void close() {
      // standard input stays open
    }
  }

  private static final class Typed extends ChatInput {
    private final Terminal terminal;
    private final LineReader reader;

    Typed() throws IOException {
      terminal = TerminalBuilder.builder().system(true).build();
      terminal.handle(Terminal.Signal.INT, _ -> cancelled.set(true));
      reader =
          LineReaderBuilder.builder()
              .terminal(terminal)
              .appName("peft4j")
              .variable(
                  LineReader.HISTORY_FILE,
                  Path.of(System.getProperty("user.home"), ".peft4j_history"))
              .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
              .build();
    }

    @Override
    @Nullable String line(String prompt) {
      while (true) {
        try {
          return reader.readLine(prompt);
        } catch (UserInterruptException e) {
          if (e.getPartialLine().isEmpty()) {
            return null;
          }
        } catch (EndOfFileException e) {
          return null;
        }
      }
    }

    @Override
    boolean isInteractive() {
      return true;
    }

    @Override
    public void close() throws IOException {
      reader.getHistory().save();
      terminal.close();
    }
  }
}
