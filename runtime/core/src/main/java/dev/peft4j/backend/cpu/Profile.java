package dev.peft4j.backend.cpu;

import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Time by op, for {@code -Dpeft4j.profile=true}: printed to standard error when the process ends.
 * Kernels run one after another, so the shares add up to the time that programs took.
 */
final class Profile {
  /** On or off for the life of the process, so that it costs nothing when off. */
  static final boolean ENABLED = Boolean.getBoolean("peft4j.profile");

  private static final Map<String, long[]> TIMES = new ConcurrentHashMap<>();

  static {
    if (ENABLED) {
      Runtime.getRuntime().addShutdownHook(new Thread(Profile::print));
    }
  }

  private Profile() {}

  static void run(Kernel kernel, String name) {
    long start = System.nanoTime();
    kernel.run();
    long nanos = System.nanoTime() - start;
    TIMES.compute(
        name,
        (key, old) -> {
          long[] t = old == null ? new long[2] : old;
          t[0] += nanos;
          t[1]++;
          return t;
        });
  }

  private static void print() {
    long all = TIMES.values().stream().mapToLong(t -> t[0]).sum();
    TIMES.entrySet().stream()
        .sorted(
            Comparator.comparingLong((Map.Entry<String, long[]> e) -> e.getValue()[0]).reversed())
        .forEach(
            e ->
                System.err.printf(
                    Locale.ROOT,
                    "%6.2f%% %10.2f ms %9d calls  %s%n",
                    100.0 * e.getValue()[0] / all,
                    e.getValue()[0] / 1e6,
                    e.getValue()[1],
                    e.getKey()));
  }
}
