package dev.peft4j.reports;

/** The mean of the last few of a series of numbers. */
final class RunningMean {
  private final double[] last;
  private long count;

  RunningMean(int window) {
    last = new double[window];
  }

  void add(double value) {
    last[(int) (count++ % last.length)] = value;
  }

  /** NaN before the first number. */
  double value() {
    int n = (int) Math.min(count, last.length);
    double sum = 0;
    for (int i = 0; i < n; i++) {
      sum += last[i];
    }
    return sum / n;
  }
}
