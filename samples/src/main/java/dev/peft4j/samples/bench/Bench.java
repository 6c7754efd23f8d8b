package dev.peft4j.samples.bench;

import com.sun.management.OperatingSystemMXBean;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Rng;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.Quantize;
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
 * <p>{@code quantize} holds the linear layers of a decoder in codes ({@link Quantize#named}), and
 * {@code gguf} is a file with the weights of the decoder, which is mapped instead of drawing them.
 *
 * <p>With {@code peer}, a command that prints such a line, {@code llama.cpp}, or another workload
 * of our own, such as {@code batch8-alone} for {@code batch8}, both run alternately, {@code rounds}
 * times each ({@link SideBySide}). {@code workload=growth} runs {@link Growth} instead, {@code
 * packing} {@link PackingBench}, {@code rendering} {@link RenderingBench}, {@code tuners} {@link
 * TunerBench} (with {@code method} only those of that name).
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
  private static final String TUNERS = "tuners";

  /** Seconds with each tuner. */
  private static final double TUNER_SECONDS = 0.6;

  /** The property with the command to compare with. */
  static final String PEER = "peer";

  /** The property with a file of a decoder's weights. */
  static final String GGUF = "gguf";

  private static final String QUANTIZE = "quantize";

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
    if (TUNERS.equals(name)) {
      tuners();
      return;
    }
    if (!RENDERING.equals(name) && (name == null || !Workload.NAMES.contains(name))) {
      fail(
          (name == null ? "no workload is given" : "there is no workload '" + name + "'")
              + "; say -Dworkload= with one of "
              + String.join(", ", Workload.NAMES)
              + ", "
              + String.join(", ", GROWTH, PACKING, RENDERING, TUNERS));
      return;
    }
    String peer = System.getProperty(PEER);
    if (peer != null) {
      try {
        System.out.println(sideBySide(name, peer.strip()));
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
    int threads = threads();
    System.setProperty("peft4j.threads", Integer.toString(threads));
    Encoding encoding = encoding();
    String coded = System.getProperty(QUANTIZE);
    Workload workload;
    try {
      Encoding drawn = encoding.hasBlocks() ? Encodings.FLOAT32 : encoding;
      workload = Rng.with(0, () -> Initial.held(drawn, () -> Workload.of(name)));
      if (System.getProperty(GGUF) == null) {
        workload.base().to(encoding);
      }
      if (coded != null) {
        Quantize.named(coded).apply(workload.base());
      }
    } catch (IllegalArgumentException | UncheckedIOException e) {
      fail(String.valueOf(e.getMessage()));
      return;
    }
    String held = coded != null ? coded : encoding.name().toLowerCase(Locale.ROOT);
    System.out.println(run(name, workload, held, steps == 0 ? workload.steps() : steps, threads));
  }

  private static void tuners() {
    int threads = threads();
    System.setProperty("peft4j.threads", Integer.toString(threads));
    String peer = System.getProperty(PEER);
    List<String> command = peer == null ? List.of() : List.of(peer.strip().split("\\s+"));
    try {
      new TunerBench(TUNER_SECONDS).run(command, System.getProperty("method", ""), threads);
    } catch (IllegalStateException e) {
      fail(String.valueOf(e.getMessage()));
    }
  }

  private static String sideBySide(String name, String peer) {
    int rounds = count("rounds", 3);
    if (Workload.NAMES.contains(peer)) {
      List<String> other =
          SideBySide.here(Bench.class, "-Dworkload=" + peer); // the last one counts
      return SideBySide.run(SideBySide.here(), other, rounds);
    }
    if (!peer.equals(LlamaCpp.NAME)) {
      List<String> command = List.of(peer.split("\\s+"));
      return SideBySide.run(SideBySide.here(), command, rounds);
    }
    if (!LlamaCpp.WORKLOADS.contains(name)) {
      fail("-Dpeer=" + peer + " is for -Dworkload= with one of " + LlamaCpp.WORKLOADS);
    }
    String given = System.getProperty(GGUF);
    if (given != null) {
      return SideBySide.run(SideBySide.here(), SideBySide.here(LlamaCpp.class), rounds);
    }
    try (RandomGguf file = RandomGguf.write(encoding())) {
      String[] with = {
        "-D" + GGUF + "=" + file.path(), "-D" + LlamaCpp.ADAPTER + "=" + file.adapter()
      };
      return SideBySide.run(
          SideBySide.here(Bench.class, with), SideBySide.here(LlamaCpp.class, with), rounds);
    }
  }

  /** Returns the number of threads to use. */
  static int threads() {
    return count("threads", Runtime.getRuntime().availableProcessors());
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

  static int count(String property, int usual) {
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
  static String run(String name, Workload workload, String held, int steps, int threads) {
    List<Parameter> trainable = workload.trainable();
    Optimizer optimizer = trainable.isEmpty() ? null : AdamW.of(trainable, 1e-4f);
    double first = step(workload, optimizer);
    double started = secondsSinceStart();
    double ready = processorSeconds();
    double warm = 0;
    for (int i = 1; i < WARM_UP_STEPS || warm < WARM_UP_SECONDS; i++) {
      warm += step(workload, optimizer);
    }
    double[] seconds = new double[steps];
    double before = processorSeconds();
    for (int i = 0; i < steps; i++) {
      seconds[i] = step(workload, optimizer);
    }
    double processor = (processorSeconds() - before) / steps;
    double step = median(seconds);
    String line =
        line(
            "peft4j, Java " + Runtime.version().feature(),
            name,
            held,
            threads,
            new Times(step, processor, first, started, ready),
            workload.units());
    System.err.print(CostReport.of(() -> step(workload, optimizer), Math.min(steps, REPORTED)));
    return line;
  }

  /**
   * What was measured, in seconds.
   *
   * @param step the median of a step
   * @param processor processor time of a step
   * @param first the first step
   * @param started from the start of the process to the end of the first step
   * @param ready processor time until then
   */
  record Times(double step, double processor, double first, double started, double ready) {}

  /** Returns the JSON line. */
  static String line(String peer, String name, String held, int threads, Times t, int units) {
    return String.format(
        Locale.ROOT,
        "{\"peer\": \"%s\", \"workload\": \"%s\", \"dtype\": \"%s\", \"threads\": %d, \"step_ms\":"
            + " %.4f, \"step_cpu_ms\": %.4f, \"first_step_ms\": %.2f, \"per_second\": %.1f,"
            + " \"start_to_first_step_s\": %.2f, \"start_cpu_s\": %.2f, \"peak_rss_mib\": %d}",
        peer,
        name,
        held,
        threads,
        t.step * 1e3,
        t.processor * 1e3,
        t.first * 1e3,
        units / t.step,
        t.started,
        t.ready,
        residentMemory("VmHWM") >> 20);
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

  /** Returns the processor time that this process has taken. */
  static double processorSeconds() {
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getProcessCpuTime() / 1e9;
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
