package dev.peft4j.dataset;

import dev.peft4j.data.Rng;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Examples in two parts: for training and for testing.
 *
 * <p>Of n examples, {@code ceil(share * n)} are for testing, as in scikit-learn's {@code
 * train_test_split}, and the rest for training: a share of 0.2 of 11 examples gives 3 and 8. (A
 * product that is whole except for rounding errors counts as whole: 0.1 of 70 is 7.) Each part has
 * at least one example. The same seed gives the same parts, in every process.
 *
 * <p>For three parts split twice: first take the part for testing, then split the rest.
 *
 * @param train the examples to train on
 * @param test the examples to test on
 */
public record Split<T>(List<T> train, List<T> test) {
  private static final double ROUNDING = 1e-9;

  /** Creates a split with copies of the lists. */
  public Split {
    train = List.copyOf(train);
    test = List.copyOf(test);
  }

  /**
   * Splits examples at random; both parts are in a random order.
   *
   * @param examples at least two
   * @param share the share for testing, between 0 and 1
   * @param seed determines the assignment
   * @throws IllegalArgumentException if there are fewer examples, or a part would be empty
   */
  public static <T> Split<T> shuffled(List<T> examples, double share, long seed) {
    return inOrder(new Rng(seed).shuffled(examples), share);
  }

  /**
   * Splits examples in their order: the last ones are for testing, such as the latest of a time
   * series.
   *
   * @throws IllegalArgumentException as {@link #shuffled}
   */
  public static <T> Split<T> inOrder(List<T> examples, double share) {
    int train = examples.size() - testSize(examples.size(), share);
    return new Split<>(examples.subList(0, train), examples.subList(train, examples.size()));
  }

  /**
   * Splits examples at random so that each class has the same share in both parts. A class of k
   * examples has {@code k * test / n} of them for testing, rounded down or up (the largest
   * remainders up, so that the sizes of the parts are those of {@link #shuffled}), and at least one
   * in each part.
   *
   * @param examples at least two of each class
   * @param by the class of an example, such as {@code Review::label}
   * @param share the share for testing, between 0 and 1
   * @param seed determines the assignment
   * @throws IllegalArgumentException if a class has a single example, or a part would have fewer
   *     examples than there are classes
   */
  public static <T> Split<T> stratified(
      List<T> examples, Function<? super T, ?> by, double share, long seed) {
    int test = testSize(examples.size(), share);
    Map<Object, List<T>> classes = new LinkedHashMap<>();
    for (T example : examples) {
      Object c = by.apply(example);
      if (c == null) {
        throw new IllegalArgumentException("split: the class of " + example + " is null");
      }
      classes.computeIfAbsent(c, _ -> new ArrayList<>()).add(example);
    }
    int smaller = Math.min(test, examples.size() - test);
    if (smaller < classes.size()) {
      throw new IllegalArgumentException(
          "split: a part would have %d of %d examples, fewer than the %d classes; needed a share that gives each part one of each class"
              .formatted(smaller, examples.size(), classes.size()));
    }
    classes.forEach(
        (c, all) -> {
          if (all.size() < 2) {
            throw new IllegalArgumentException(
                "split: the class '"
                    + c
                    + "' has one example; needed two of each class, one for each part");
          }
        });
    Rng rng = new Rng(seed);
    int[] sizes = sizes(classes.values().stream().mapToInt(List::size).toArray(), test);
    List<T> toTrain = new ArrayList<>();
    List<T> toTest = new ArrayList<>();
    int at = 0;
    for (List<T> all : classes.values()) {
      List<T> shuffled = rng.shuffled(all);
      int n = sizes[at++];
      toTest.addAll(shuffled.subList(0, n));
      toTrain.addAll(shuffled.subList(n, shuffled.size()));
    }
    return new Split<>(rng.shuffled(toTrain), rng.shuffled(toTest));
  }

  /** Returns how many examples of each class are for testing. */
  private static int[] sizes(int[] classes, int test) {
    long all = 0;
    for (int k : classes) {
      all += k;
    }
    double[] due = new double[classes.length];
    int[] sizes = new int[classes.length];
    int sum = 0;
    for (int c = 0; c < sizes.length; c++) {
      due[c] = (double) classes[c] * test / all;
      sizes[c] = Math.clamp((int) due[c], 1, classes[c] - 1);
      sum += sizes[c];
    }
    for (; sum != test; sum += Integer.signum(test - sum)) {
      sizes[furthest(classes, due, sizes, Integer.signum(test - sum))] +=
          Integer.signum(test - sum);
    }
    return sizes;
  }

  /**
   * Returns the class that is furthest from its exact share, of those that can have one more, or
   * one less.
   */
  private static int furthest(int[] classes, double[] due, int[] sizes, int change) {
    int furthest = -1;
    for (int c = 0; c < sizes.length; c++) {
      int changed = sizes[c] + change;
      boolean possible = changed >= 1 && changed <= classes[c] - 1;
      if (possible
          && (furthest < 0
              || change * (due[c] - sizes[c]) > change * (due[furthest] - sizes[furthest]))) {
        furthest = c;
      }
    }
    return furthest;
  }

  private static int testSize(int examples, double share) {
    if (!(share > 0 && share < 1)) {
      throw new IllegalArgumentException(
          "split: the share to test on is " + share + ", must be between 0 and 1");
    }
    int test = (int) Math.ceil(share * examples - ROUNDING);
    test = Math.max(test, examples > 0 ? 1 : 0);
    if (examples - test < 1) {
      throw new IllegalArgumentException(
          "split: a share of %s of %d examples leaves %d to train on; each part needs at least one"
              .formatted(share, examples, Math.max(0, examples - test)));
    }
    return test;
  }
}
