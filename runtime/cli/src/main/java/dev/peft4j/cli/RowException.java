package dev.peft4j.cli;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A line that is not what it should be; who reads the file adds its name. */
final class RowException extends IOException {
  private static final long serialVersionUID = 1L;

  RowException(Place place, String problem) {
    this(place, problem, null);
  }

  RowException(Place place, String problem, @Nullable Exception cause) {
    super(place + ": " + problem, cause);
  }
}
