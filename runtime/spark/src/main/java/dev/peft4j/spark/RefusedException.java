package dev.peft4j.spark;

/** Thrown on an executor that cannot take part, with the reason in words. */
final class RefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  RefusedException(String reason) {
    super(reason);
  }
}
