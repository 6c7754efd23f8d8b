package dev.peft4j.reports;

/** The mean of the last values of a series of numbers. */
final class RunningMean {
  private final double[] last;
  private final double[] weights;
  private long count;

  RunningMean(int window) {
    last = new double[window];
    weights = new double[window];
  }

  void add(double value) {
    add(value, 1);
  }

  /** Adds the mean of {@code weight} things. */
  void add(double value, double weight) {
    int at = (int) (count++ % last.length);
    last[at] = value;
    weights[at] = weight;
  }

  /** Returns the mean; NaN before the first number. */
  double value() {
    int n = (int) Math.min(count, last.length);
    double sum = 0;
    double weight = 0;
    for (int i = 0; i < n; i++) {
      sum += last[i] * weights[i];
      weight += weights[i];
    }
    return sum / weight;
  }
}
