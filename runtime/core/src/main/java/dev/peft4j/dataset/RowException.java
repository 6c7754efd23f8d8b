package dev.peft4j.dataset;

import org.jspecify.annotations.Nullable;

/** An invalid line; the reader of the file adds its name. */
final class RowException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  RowException(Place place, String problem) {
    this(place, problem, null);
  }

  RowException(Place place, String problem, @Nullable Throwable cause) {
    super(place + ": " + problem, cause);
  }
}
