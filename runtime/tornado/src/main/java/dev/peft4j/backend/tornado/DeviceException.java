package dev.peft4j.backend.tornado;

import dev.peft4j.Peft4jException;
import org.jspecify.annotations.Nullable;

/** A failure of a device; the message says what failed and why. */
public class DeviceException extends Peft4jException {
  private static final long serialVersionUID = 1;

  /** Creates an exception with its message, and TornadoVM's own exception if there is one. */
  public DeviceException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
