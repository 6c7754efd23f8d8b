package dev.peft4j.samples.bench;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Rng;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A benchmark of LoRA training steps: forward, backward, AdamW, and reading the loss. The
 * properties {@code workload}, {@code steps} and {@code threads} say what, how many, and on how
 * many cores; {@code dtype} is the encoding of the frozen weights, such as {@code float32} or
 * {@code bfloat16}; {@code batch} and {@code length} are sizes of a decoder's or encoder's texts.
 *
 * <p>With {@code peer}, a command that prints such a line, both run alternately, {@code rounds}
 * times each ({@link SideBySide}). {@code workload=growth} runs {@link Growth} instead, {@code
 * packing} {@link PackingBench}, {@code rendering} {@link RenderingBench}.
 *
 * <p>Prints a {@link CostReport} to standard error and one JSON line to standard output: the median
 * step after the warm-up, the first step, samples (or tokens) a second, seconds from the start of
 * the process to the end of the first step, and the largest resident memory of the process. The
 * warm-up is two steps and as many more as fit into five seconds, in which HotSpot compiles; they
 * are not counted.
 */
public final class Bench {
  private static final String GROWTH = "growth";
  private static final String PACKING = "packing";
  private static final String RENDERING = "rendering";

  /** The property with the command to compare with. */
  static final String PEER = "peer";

  private static final int WARM_UP_STEPS = 2;
  private static final double WARM_UP_SECONDS = 5;

  /**
   * The largest number of steps in the cost report: TornadoVM's profiler keeps its measurements.
   */
  private static final int REPORTED = 200;

  private Bench() {}

  /** Runs the benchmark; the exit status is 1 if a property is not valid. */
  public static void main(String[] args) {
    String name = System.getProperty("workload");
    if (GROWTH.equals(name)) {
      Growth.run();
      return;
    }
    if (PACKING.equals(name)) {
      PackingBench.run();
      return;
    }
    if (!RENDERING.equals(name) && (name == null || !Workload.NAMES.contains(name))) {
      fail(
          (name == null ? "no workload is given" : "there is no workload '" + name + "'")
              + "; say -Dworkload= with one of "
              + String.join(", ", Workload.NAMES)
              + ", "
              + String.join(", ", GROWTH, PACKING, RENDERING));
      return;
    }
    String peer = System.getProperty(PEER);
    if (peer != null) {
      List<String> command = List.of(peer.strip().split("\\s+"));
      try {
        System.out.println(SideBySide.run(SideBySide.here(), command, count("rounds", 3)));
      } catch (IllegalStateException | UncheckedIOException e) {
        fail(String.valueOf(e.getMessage()));
      }
      return;
    }
    if (RENDERING.equals(name)) {
      try {
        RenderingBench.run();
      } catch (IllegalArgumentException | IOException e) {
        fail(String.valueOf(e.getMessage()));
      }
      return;
    }
    int steps = count("steps", 0);
    int threads = count("threads", Runtime.getRuntime().availableProcessors());
    System.setProperty("peft4j.threads", Integer.toString(threads));
    Encoding encoding = encoding();
    Workload workload = Rng.with(0, () -> Workload.of(name));
    workload.base().to(encoding);
    System.out.println(
        run(name, workload, encoding, steps == 0 ? workload.steps() : steps, threads));
  }

  private static Encoding encoding() {
    String given = System.getProperty("dtype", "float32");
    if (given.equals("float32")) {
      return Encodings.FLOAT32; // without a look for others
    }
    List<String> names = new ArrayList<>();
    for (Encoding e : Encodings.all()) {
      String name = e.name().toLowerCase(Locale.ROOT);
      if (name.equals(given)) {
        return e;
      }
      if (!e.dtype().isInteger()) {
        names.add(name);
      }
    }
    fail("-Ddtype= takes one of " + names + ", found '" + given + "'");
    return Encodings.FLOAT32;
  }

  private static int count(String property, int usual) {
    String given = System.getProperty(property);
    if (given == null) {
      return usual;
    }
    try {
      int n = Integer.parseInt(given.strip());
      if (n >= 1) {
        return n;
      }
    } catch (NumberFormatException e) {
      // the same message as for a number out of range
    }
    fail("-D" + property + "= takes a whole number of at least 1, found '" + given + "'");
    return usual;
  }

  private static void fail(String problem) {
    System.err.println("bench: " + problem);
    System.exit(1);
  }

  /** Runs the steps and returns the JSON line. */
  static String run(String name, Workload workload, Encoding encoding, int steps, int threads) {
    List<Parameter> trainable = workload.trainable();
    Optimizer optimizer = trainable.isEmpty() ? null : AdamW.of(trainable, 1e-4f);
    double first = step(workload, optimizer);
    double started = secondsSinceStart();
    double warm = 0;
    for (int i = 1; i < WARM_UP_STEPS || warm < WARM_UP_SECONDS; i++) {
      warm += step(workload, optimizer);
    }
    double[] seconds = new double[steps];
    for (int i = 0; i < steps; i++) {
      seconds[i] = step(workload, optimizer);
    }
    double step = median(seconds);
    long peak = residentMemory("VmHWM");
    System.err.print(CostReport.of(() -> step(workload, optimizer), Math.min(steps, REPORTED)));
    return String.format(
        Locale.ROOT,
        "{\"peer\": \"peft4j, Java %d\", \"workload\": \"%s\", \"dtype\": \"%s\", \"threads\":"
            + " %d, \"step_ms\": %.4f, \"first_step_ms\": %.2f, \"per_second\": %.1f,"
            + " \"start_to_first_step_s\": %.2f, \"peak_rss_mib\": %d}",
        Runtime.version().feature(),
        name,
        encoding.name().toLowerCase(Locale.ROOT),
        threads,
        step * 1e3,
        first * 1e3,
        workload.units() / step,
        started,
        peak >> 20);
  }

  /** Runs one step and returns its seconds. */
  static double step(Workload workload, @Nullable Optimizer optimizer) {
    long t = System.nanoTime();
    if (optimizer == null) {
      Objects.requireNonNull(workload.instead()).run();
      return (System.nanoTime() - t) / 1e9;
    }
    Tensor loss = workload.loss().get();
    loss.backward();
    optimizer.step();
    loss.item();
    return (System.nanoTime() - t) / 1e9;
  }

  static double median(double[] values) {
    double[] v = values.clone();
    Arrays.sort(v);
    int n = v.length;
    return n % 2 == 1 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
  }

  /**
   * Returns the seconds since the start by the JVM's own clock: the system's start time of a
   * process may be off by a second.
   */
  static double secondsSinceStart() {
    long now = System.currentTimeMillis();
    return (now - ManagementFactory.getRuntimeMXBean().getStartTime()) / 1e3;
  }

  /**
   * Returns a figure of {@code /proc/self/status} in bytes; 0 if the system does not have it.
   *
   * @param figure {@code VmRSS}, the current resident memory, or {@code VmHWM}, its maximum
   */
  static long residentMemory(String figure) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith(figure + ":")) {
          return Long.parseLong(line.replaceAll("\\D", "")) << 10;
        }
      }
    } catch (IOException e) {
      // not Linux
    }
    return 0;
  }
}
