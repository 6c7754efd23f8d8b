package dev.peft4j.backend.tornado;

import org.jspecify.annotations.Nullable;

/**
 * A failure for want of a device's memory; the message says what needs how much, and what to set.
 */
public final class DeviceMemoryException extends DeviceException {
  private static final long serialVersionUID = 1;

  /** Creates an exception with its message, and TornadoVM's own exception if there is one. */
  public DeviceMemoryException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
