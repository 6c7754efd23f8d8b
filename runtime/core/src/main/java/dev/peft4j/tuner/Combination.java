package dev.peft4j.tuner;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The way to combine adapters into one: the {@code combination_type} of peft's {@code
 * add_weighted_adapter} and its settings. Below, w is an adapter's weight, s its scale, and Δ =
 * s·B·A its change of a layer's weight.
 *
 * @param method the way
 * @param svdRank rank of the result of the methods with SVD; null for the largest rank of the
 *     adapters
 * @param svdClamp a quantile in [0, 1] at which the results of an SVD are clamped; null for no
 *     clamping
 * @param density the share of elements that pruning keeps; needed by the methods that prune
 * @param majoritySign how {@code ties} elects signs
 */
public record Combination(
    Method method,
    @Nullable Integer svdRank,
    @Nullable Double svdClamp,
    @Nullable Double density,
    MajoritySign majoritySign) {

  /** The ways of combining. */
  public enum Method {
    /**
     * A is the rows of every w·s·A, B the columns of every B: exact; the rank is the sum of ranks.
     */
    CAT,
    /** The sums of √|w·s|·A, with the sign of w·s, and of √|w·s|·B: rough; equal ranks. */
    LINEAR,
    /** The SVD of Σ w·Δ. */
    SVD,
    /**
     * On A and B: prune the small, elect signs, average those that agree (Yadav et al. 2023); equal
     * ranks.
     */
    TIES,
    /** The same on Δ, then an SVD. */
    TIES_SVD,
    /** On A and B: drop at random and rescale, then linear (Yu et al. 2023); equal ranks. */
    DARE_LINEAR,
    /** On A and B: drop at random and rescale, then elect signs; equal ranks. */
    DARE_TIES,
    /** As {@link #DARE_LINEAR} on Δ, then an SVD. */
    DARE_LINEAR_SVD,
    /** As {@link #DARE_TIES} on Δ, then an SVD. */
    DARE_TIES_SVD,
    /** On A and B: prune the small, then linear; equal ranks. */
    MAGNITUDE_PRUNE,
    /** The same on Δ, then an SVD. */
    MAGNITUDE_PRUNE_SVD;

    /** Returns peft's name. */
    public String peftName() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** Returns whether Δ is combined and decomposed. */
    public boolean usesSvd() {
      return this == SVD || name().endsWith("_SVD");
    }

    /** Returns whether elements are pruned, so that a density is needed. */
    public boolean prunes() {
      return this != CAT && this != LINEAR && this != SVD;
    }
  }

  /** The way in which {@code ties} elects the sign of an element. */
  public enum MajoritySign {
    /** The sign of the sum. */
    TOTAL,
    /** The sign that more adapters have. */
    FREQUENCY
  }

  /** Checks the numbers. */
  public Combination {
    if (svdRank != null && svdRank < 1) {
      throw new IllegalArgumentException("svdRank is " + svdRank + ", must be at least 1");
    }
    if (svdClamp != null && !(svdClamp >= 0 && svdClamp <= 1)) {
      throw new IllegalArgumentException(
          "svdClamp is " + svdClamp + ", must be a quantile in [0, 1]");
    }
    if (density != null && !(density >= 0)) {
      throw new IllegalArgumentException("density is " + density + ", must be at least 0");
    }
  }

  /** Returns a method with its defaults. */
  public static Combination of(Method method) {
    return new Combination(method, null, null, null, MajoritySign.TOTAL);
  }

  /**
   * Returns the method of that name in peft, for example {@code dare_ties_svd}, with its defaults.
   *
   * @throws IllegalArgumentException if there is none, listing all
   */
  public static Combination of(String peftName) {
    return Arrays.stream(Method.values())
        .filter(m -> m.peftName().equals(peftName))
        .findFirst()
        .map(Combination::of)
        .orElseThrow(
            () -> {
              List<String> all = Arrays.stream(Method.values()).map(Method::peftName).toList();
              return new IllegalArgumentException(
                  "combination type is '" + peftName + "', must be one of " + all);
            });
  }

  /** Returns the same with another rank of the result. */
  public Combination withSvdRank(int rank) {
    return new Combination(method, rank, svdClamp, density, majoritySign);
  }

  /** Returns the same with another quantile for clamping. */
  public Combination withSvdClamp(double quantile) {
    return new Combination(method, svdRank, quantile, density, majoritySign);
  }

  /** Returns the same with another density. */
  public Combination withDensity(double share) {
    return new Combination(method, svdRank, svdClamp, share, majoritySign);
  }

  /** Returns the same with another way of electing signs. */
  public Combination withMajoritySign(MajoritySign how) {
    return new Combination(method, svdRank, svdClamp, density, how);
  }

  /**
   * Returns the density of a method that prunes; 1 for the others.
   *
   * @throws IllegalArgumentException if the method needs one and there is none
   */
  public double requiredDensity() {
    if (!method.prunes()) {
      return 1;
    }
    if (density == null) {
      throw new IllegalArgumentException("combining by " + method.peftName() + " needs a density");
    }
    return density;
  }
}
