package dev.peft4j.train;

/** A weighted mean of means; the weight of each is the number of things that it is the mean of. */
final class Weighted {
  private double sum;
  private double count;

  /** Adds the mean of {@code n} things; for 0 things nothing changes. */
  void add(double mean, double n) {
    if (n > 0) {
      sum += mean * n;
      count += n;
    }
  }

  /** Returns the number of things. */
  double count() {
    return count;
  }

  /** Returns their mean; NaN if there are none. */
  double mean() {
    return sum / count;
  }
}
