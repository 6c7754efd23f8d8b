package dev.peft4j.log;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Marker;
import org.slf4j.event.Level;
import org.slf4j.helpers.LegacyAbstractLogger;
import org.slf4j.helpers.MessageFormatter;

/**
 * A logger that writes warnings and errors to standard error, one line each; the same line is
 * written only once.
 */
@SuppressWarnings("serial") // a logger is serializable by SLF4J's class, and this one never is
final class StandardErrorLogger extends LegacyAbstractLogger {
  /**
   * The number of lines that are remembered: enough that none repeats, few enough not to fill the
   * memory.
   */
  private static final int REMEMBERED = 1000;

  private static final Set<String> SAID = ConcurrentHashMap.newKeySet();

  private final transient Consumer<String> out;

  StandardErrorLogger(String name, Consumer<String> out) {
    this.name = name;
    this.out = out;
  }

  @Override
  protected @Nullable String getFullyQualifiedCallerName() {
    return null;
  }

  @Override
  protected void handleNormalizedLoggingCall(
      Level level,
      @Nullable Marker marker,
      String pattern,
      @Nullable Object @Nullable [] arguments,
      @Nullable Throwable problem) {
    String kind = level == Level.ERROR ? "error" : "warning";
    String line =
        "peft4j " + kind + ": " + printable(MessageFormatter.basicArrayFormat(pattern, arguments));
    if (SAID.size() >= REMEMBERED) {
      SAID.clear();
    }
    if (!SAID.add(line)) {
      return;
    }
    if (problem != null) {
      StringWriter trace = new StringWriter();
      problem.printStackTrace(new PrintWriter(trace));
      line += System.lineSeparator() + trace.toString().stripTrailing();
    }
    out.accept(line);
  }

  /** Escapes characters that a terminal would act on: warnings quote files. */
  private static String printable(String message) {
    StringBuilder safe = new StringBuilder(message.length());
    message
        .chars()
        .forEach(
            c -> {
              if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT) {
                safe.append(String.format("\\u%04x", c));
              } else {
                safe.append((char) c);
              }
            });
    return safe.toString();
  }

  @Override
  public boolean isTraceEnabled() {
    return false;
  }

  @Override
  public boolean isDebugEnabled() {
    return false;
  }

  @Override
  public boolean isInfoEnabled() {
    return false;
  }

  @Override
  public boolean isWarnEnabled() {
    return true;
  }

  @Override
  public boolean isErrorEnabled() {
    return true;
  }
}
