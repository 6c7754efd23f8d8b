package dev.peft4j.train;

import java.util.List;
import java.util.Locale;

/**
 * The losses that a {@link LearningRateFinder} measured while it raised the learning rate, and the
 * rates that they suggest.
 *
 * @param points one for each step, in order of rising rates
 * @param diverged true if the test ended early, because the loss grew to a multiple of the lowest
 *     or was not finite
 */
public record LearningRates(List<Point> points, boolean diverged) {
  /** The number of points at the end, where the loss grows, that are ignored, as in fastai. */
  private static final int LAST = 5;

  private static final int NEEDED = 4;

  /**
   * A step.
   *
   * @param rate its learning rate
   * @param loss the loss of its batch, before the step
   * @param smoothed the exponential moving average of the losses
   */
  public record Point(double rate, double loss, double smoothed) {}

  /** Creates the result. */
  public LearningRates {
    points = List.copyOf(points);
  }

  /**
   * Returns the rate to train with: two thirds into the longest stretch in which the loss falls
   * (fastai's {@code valley}).
   *
   * @throws IllegalStateException if there are too few points, saying what to do
   */
  public double suggestion() {
    return points.get(suggested()).rate;
  }

  /** Returns the index of the point of {@link #suggestion}. */
  public int suggested() {
    List<Point> used = used();
    int n = used.size();
    int[] length = new int[n]; // of the longest falling subsequence that ends there
    int end = 0;
    int start = 0;
    for (int i = 0; i < n; i++) {
      length[i] = 1;
      for (int j = 0; j < i; j++) {
        if (used.get(i).smoothed < used.get(j).smoothed) {
          length[i] = Math.max(length[i], length[j] + 1);
        }
      }
      if (length[i] > length[end]) {
        end = i;
        start = end - length[end];
      }
    }
    double section = (end - start) / 3.0;
    return Math.clamp(start + (int) section + (int) (section / 2), 0, n - 1) + first();
  }

  /**
   * Returns the rate at which the loss falls fastest over the logarithm of the rate (fastai's
   * {@code steep}).
   *
   * @throws IllegalStateException if there are too few points, saying what to do
   */
  public double steepest() {
    List<Point> used = used();
    int best = 0;
    double lowest = Double.POSITIVE_INFINITY;
    for (int i = 0; i + 1 < used.size(); i++) {
      Point a = used.get(i);
      Point b = used.get(i + 1);
      double slope = (b.smoothed - a.smoothed) / (Math.log(b.rate) - Math.log(a.rate));
      if (slope < lowest) {
        lowest = slope;
        best = i;
      }
    }
    return used.get(best).rate;
  }

  /**
   * Returns a tenth of the rate with the lowest loss (fastai's {@code minimum}).
   *
   * @throws IllegalStateException if there are too few points, saying what to do
   */
  public double tenthOfLowest() {
    Point lowest = used().getFirst();
    for (Point p : used()) {
      lowest = p.smoothed < lowest.smoothed ? p : lowest;
    }
    return lowest.rate / 10;
  }

  /**
   * Returns the points without the first tenth, in which the mean has not settled, and without the
   * last five.
   */
  private List<Point> used() {
    int first = first();
    int last = points.size() - LAST;
    if (last - first < NEEDED) {
      throw new IllegalStateException(
          "the learning rate test has "
              + points.size()
              + " steps, too few for a suggestion"
              + (diverged ? ": let it start at a lower rate" : ": let it take more steps"));
    }
    return points.subList(first, last);
  }

  private int first() {
    return points.size() / 10;
  }

  /** Returns the suggestion as a line of text. */
  @Override
  public String toString() {
    return points.size() < NEEDED + LAST + first()
        ? "learning rate test of " + points.size() + " steps"
        : String.format(
            Locale.ROOT,
            "suggested learning rate %.2e (steepest %.2e, a tenth of the lowest %.2e), %d steps",
            suggestion(),
            steepest(),
            tenthOfLowest(),
            points.size());
  }
}
