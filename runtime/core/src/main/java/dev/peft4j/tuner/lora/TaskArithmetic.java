package dev.peft4j.tuner.lora;

import dev.peft4j.data.Rng;
import dev.peft4j.tuner.Combination;
import dev.peft4j.tuner.Combination.MajoritySign;
import java.util.Arrays;
import java.util.List;

/**
 * Arithmetic on what adapters learned, element by element over arrays of one size: peft's {@code
 * merge_utils}.
 */
final class TaskArithmetic {
  private TaskArithmetic() {}

  /** Combines as a method says, or as the method without SVD does. */
  static float[] combine(Combination how, List<float[]> tensors, float[] weights, Rng rng) {
    double density = how.requiredDensity();
    return switch (how.method()) {
      case CAT, LINEAR, SVD -> linear(tensors, weights);
      case MAGNITUDE_PRUNE, MAGNITUDE_PRUNE_SVD ->
          linear(tensors.stream().map(t -> pruneSmall(t, density)).toList(), weights);
      case TIES, TIES_SVD ->
          elect(
              tensors.stream().map(t -> pruneSmall(t, density)).toList(),
              weights,
              how.majoritySign());
      case DARE_LINEAR, DARE_LINEAR_SVD ->
          linear(tensors.stream().map(t -> dropOut(t, density, rng)).toList(), weights);
      case DARE_TIES, DARE_TIES_SVD ->
          elect(
              tensors.stream().map(t -> dropOut(t, density, rng)).toList(),
              weights,
              how.majoritySign());
    };
  }

  /** Σ w·t. */
  static float[] linear(List<float[]> tensors, float[] weights) {
    float[] sum = new float[tensors.getFirst().length];
    for (int k = 0; k < weights.length; k++) {
      float[] t = tensors.get(k);
      for (int i = 0; i < sum.length; i++) {
        sum[i] += t[i] * weights[k];
      }
    }
    return sum;
  }

  /** Keeps the elements of largest size, a share of them, and zeros the others. */
  static float[] pruneSmall(float[] t, double density) {
    if (density >= 1) {
      return t;
    }
    float[] sizes = new float[t.length];
    for (int i = 0; i < t.length; i++) {
      sizes[i] = Math.abs(t[i]);
    }
    Arrays.sort(sizes);
    int keep = (int) (density * t.length);
    float[] kept = new float[t.length];
    if (keep == 0) {
      return kept;
    }
    float least = sizes[t.length - keep];
    int larger = 0;
    for (float v : t) {
      larger += Math.abs(v) > least ? 1 : 0;
    }
    int equal = keep - larger; // of several of the least size, the first ones
    for (int i = 0; i < t.length; i++) {
      float size = Math.abs(t[i]);
      if (size > least || size == least && equal-- > 0) {
        kept[i] = t[i];
      }
    }
    return kept;
  }

  /** Keeps each element with probability {@code density} and divides it by that. */
  static float[] dropOut(float[] t, double density, Rng rng) {
    if (density >= 1) {
      return t;
    }
    float[] draws = rng.uniform(t.length, 0, 1);
    float[] kept = new float[t.length];
    for (int i = 0; i < t.length; i++) {
      kept[i] = draws[i] < density ? t[i] / (float) density : 0;
    }
    return kept;
  }

  /** For each element the mean of the weighted values whose sign is that of the majority. */
  static float[] elect(List<float[]> tensors, float[] weights, MajoritySign how) {
    float[] result = new float[tensors.getFirst().length];
    for (int i = 0; i < result.length; i++) {
      float vote = 0;
      for (float[] t : tensors) {
        vote += how == MajoritySign.TOTAL ? t[i] : Math.signum(t[i]);
      }
      float majority = vote >= 0 ? 1 : -1;
      float sum = 0;
      int agreeing = 0;
      for (int k = 0; k < weights.length; k++) {
        float v = tensors.get(k)[i];
        if (Math.signum(v) == majority) {
          sum += v * weights[k];
          agreeing++;
        }
      }
      result[i] = sum / Math.max(agreeing, 1);
    }
    return result;
  }
}
