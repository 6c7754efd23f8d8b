package dev.peft4j.tuner.lora;

import dev.peft4j.annotation.Init;
import dev.peft4j.target.TaskTypes;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What LoRA's settings may be; each method throws an {@link IllegalArgumentException} that names
 * the setting.
 */
final class LoraChecks {
  private LoraChecks() {}

  static void requireRanks(int r, Map<String, Integer> pattern) {
    requireRank("r", r);
    pattern.forEach((key, value) -> requireRank("rank pattern '" + key + "'", value));
  }

  private static void requireRank(String name, int r) {
    if (r < 1) {
      throw new IllegalArgumentException(
          name + " should be a positive integer value but the value passed is " + r);
    }
  }

  static void requireAlphas(double alpha, Map<String, Double> pattern, boolean fromFile) {
    requireAlpha("alpha", alpha, fromFile);
    pattern.forEach((key, value) -> requireAlpha("alpha pattern '" + key + "'", value, fromFile));
  }

  /** An adapter that was trained may be turned off or around by its alpha; one to train may not. */
  private static void requireAlpha(String name, double alpha, boolean fromFile) {
    if (!((alpha > 0 || fromFile) && Double.isFinite(alpha))) {
      throw new IllegalArgumentException(name + " is " + alpha + ", must be positive and finite");
    }
  }

  static void requireDropout(double dropout, boolean fromFile) {
    if (!(dropout >= 0 && (dropout < 1 || dropout == 1 && fromFile))) {
      throw new IllegalArgumentException(
          "dropout is " + dropout + ", must be at least 0 and less than 1");
    }
  }

  static void requireTaskType(@Nullable String taskType) {
    if (taskType != null && !TaskTypes.all().contains(taskType)) {
      throw new IllegalArgumentException(
          "task type is '" + taskType + "', must be one of " + TaskTypes.all());
    }
  }

  static void requireStart(Init init, int pissaIterations, boolean loraBias, boolean dora) {
    if (loraBias && init != Init.DEFAULT && init != Init.RANDOM) {
      throw new IllegalArgumentException(
          "lora bias is only supported with init DEFAULT or RANDOM, got " + init);
    }
    if (loraBias && dora) {
      throw new IllegalArgumentException(
          "lora bias is not supported with dora: choose one of them");
    }
    if (pissaIterations < -1 || pissaIterations >= 0 && init != Init.PISSA) {
      throw new IllegalArgumentException(
          "pissa iterations are "
              + pissaIterations
              + " with init "
              + init
              + ": must be at least 0 with init PISSA, or -1 for an exact decomposition");
    }
  }
}
