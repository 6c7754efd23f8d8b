package dev.peft4j.samples.bench;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.tensor.Tensor;
import java.util.Locale;

/**
 * The growth of costs: time for a token over batch sizes and lengths, time to trace and plan a
 * program of 1,000 ops, memory over 10,000 steps. Run with {@code -Dworkload=growth}; prints one
 * line each.
 */
final class Growth {
  private static final int[][] SHAPES = {
    {1, 64}, {4, 64}, {16, 64}, {64, 64}, {256, 64}, {32, 16}, {32, 32}, {32, 128}, {8, 512}
  };
  private static final double SECONDS = 1.5;
  private static final double WARM_UP_SECONDS = 5;
  private static final int OPS = 1000;
  private static final int PROGRAMS = 5;
  private static final int STEPS = 10_000;

  private Growth() {}

  static void run() {
    train(Rng.with(0, () -> Workload.minilm(16, 64)), WARM_UP_SECONDS);
    for (int[] shape : SHAPES) {
      perToken(shape[0], shape[1]);
    }
    programs();
    steps();
  }

  private static void perToken(int texts, int tokens) {
    Workload workload = Rng.with(0, () -> Workload.minilm(texts, tokens));
    double best = train(workload, SECONDS);
    say("%3d x %3d tokens: %7.1f us a token", texts, tokens, 1e6 * best / workload.units());
  }

  /** Trains for some time and returns the seconds of the fastest step. */
  private static double train(Workload workload, double atLeast) {
    Optimizer optimizer = AdamW.of(workload.trainable(), 1e-4f);
    double best = Double.MAX_VALUE;
    double all = 0;
    for (int i = 0; i < 3 || all < atLeast; i++) {
      double seconds = Bench.step(workload, optimizer);
      best = Math.min(best, seconds);
      all += seconds;
    }
    return best;
  }

  /**
   * Measures programs of sizes so small that computing takes no time. Each program differs from the
   * others by a size.
   */
  private static void programs() {
    for (int i = 0; i < PROGRAMS; i++) {
      Parameter w = new Parameter(new float[(2 + i) * (2 + i)], 2 + i, 2 + i);
      Tensor x = Tensor.of(new float[2 + i], 1, 2 + i);
      double fresh = chain(x, w);
      double cached = Double.MAX_VALUE;
      for (int k = 0; k < 20; k++) {
        cached = Math.min(cached, chain(x, w));
      }
      say(
          "program of %,d ops: %.2f ms when new, %.2f ms when cached",
          OPS, fresh * 1e3, cached * 1e3);
    }
  }

  private static double chain(Tensor x, Parameter w) {
    long start = System.nanoTime();
    Tensor y = x;
    for (int op = 0; op < OPS; op += 2) {
      y = y.linear(w, null).tanh();
    }
    y.toFloats();
    return (System.nanoTime() - start) / 1e9;
  }

  private static void steps() {
    Workload workload = Rng.with(0, () -> Workload.of("tiny"));
    Optimizer optimizer = AdamW.of(workload.trainable(), 1e-4f);
    for (int i = 0; i < STEPS; i++) {
      Bench.step(workload, optimizer);
    }
    long before = Bench.residentMemory("VmRSS");
    for (int i = 0; i < STEPS; i++) {
      Bench.step(workload, optimizer);
    }
    say(
        "resident after %,d steps: %d MiB, after %,d more: %d MiB",
        STEPS, before >> 20, STEPS, Bench.residentMemory("VmRSS") >> 20);
  }

  private static void say(String format, Object... values) {
    System.out.printf(Locale.ROOT, format + "%n", values);
  }
}
