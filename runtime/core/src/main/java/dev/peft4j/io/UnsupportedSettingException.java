package dev.peft4j.io;

import java.nio.file.Path;

/**
 * A file of peft's that is valid, but asks for something that peft4j does not do yet. The message
 * names the file, the settings and their values.
 */
public final class UnsupportedSettingException extends FileFormatException {
  private static final long serialVersionUID = 1L;

  public UnsupportedSettingException(Path file, String problem) {
    super(file, problem);
  }
}
