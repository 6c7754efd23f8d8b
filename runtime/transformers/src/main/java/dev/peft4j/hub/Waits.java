package dev.peft4j.hub;

import java.io.InterruptedIOException;
import java.time.Duration;

/** The waiting times between attempts. */
class Waits {
  /** The longest time for which a request of the Hub to wait is followed. */
  static final Duration MAX = Duration.ofMinutes(2);

  /** Returns the time before the next attempt, twice as long each time. */
  Duration before(int attempt) {
    return Duration.ofMillis(500L << Math.min(attempt, 6));
  }

  void sleep(Duration time) throws InterruptedIOException {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("the download was interrupted");
    }
  }
}
