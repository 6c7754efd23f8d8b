package dev.peft4j.io;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A file or folder that is not valid. The message names the file, what was found there and what
 * would have been right.
 */
public sealed class FileFormatException extends IOException permits UnsupportedSettingException {
  private static final long serialVersionUID = 1L;

  private final transient Path file;
  private final String problem;

  /** Creates an exception about {@code file}; its message is {@code "FILE: PROBLEM"}. */
  public FileFormatException(Path file, String problem) {
    this(file, problem, null);
  }

  /** Creates an exception about {@code file} with the exception that revealed the problem. */
  public FileFormatException(Path file, String problem, @Nullable Throwable cause) {
    super(file + ": " + problem, cause);
    this.file = file;
    this.problem = problem;
  }

  /** Returns the file or folder in question. */
  public Path file() {
    return file;
  }

  /** Returns what is wrong: the message without the file. */
  public String problem() {
    return problem;
  }
}
