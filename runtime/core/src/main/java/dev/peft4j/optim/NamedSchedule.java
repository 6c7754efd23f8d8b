package dev.peft4j.optim;

/** A schedule that can describe itself. */
record NamedSchedule(String description, Schedule factors) implements Schedule {
  @Override
  public double factor(long step) {
    return factors.factor(step);
  }
}
