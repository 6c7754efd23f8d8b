package dev.peft4j.train;

/** A mean of means, each of which counts as much as it is the mean of. */
final class Weighted {
  private double sum;
  private double count;

  /** Adds the mean of {@code n} things; of none it is nothing. */
  void add(double mean, double n) {
    if (n > 0) {
      sum += mean * n;
      count += n;
    }
  }

  /** How many things there are. */
  double count() {
    return count;
  }

  /** Their mean; NaN of none. */
  double mean() {
    return sum / count;
  }
}
