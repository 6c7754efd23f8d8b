package dev.peft4j.backend.tornado;

import dev.peft4j.Peft4jException;
import org.jspecify.annotations.Nullable;

/** A device could not do what it was asked for; the message says what and why. */
public final class DeviceException extends Peft4jException {
  private static final long serialVersionUID = 1;

  /** With the sentence that is shown, and TornadoVM's own exception if there is one. */
  public DeviceException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
