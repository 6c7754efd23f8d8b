package dev.peft4j.samples.bench;

import de.kherud.llama.InferenceParameters;
import de.kherud.llama.LlamaModel;
import de.kherud.llama.ModelParameters;
import de.kherud.llama.args.LogFormat;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * The peer {@code llama.cpp}: the same workloads as {@link SmolLm2}'s by the natives of {@code
 * de.kherud:llama}, in a JVM of its own, on the same file. Prints a line as {@link Bench} does.
 */
final class LlamaCpp {
  /** The peer's name in {@link Bench}'s property. */
  static final String NAME = "llama.cpp";

  /** The property with the file of the adapter. */
  static final String ADAPTER = "adapter";

  /** What it can do. */
  static final List<String> WORKLOADS = List.of("decode", "prefill", "generate");

  private static final int STEPS = 4;
  private static final int WARM_UP_STEPS = 2;
  private static final double WARM_UP_SECONDS = 2;

  private LlamaCpp() {}

  /** Runs the workload. */
  public static void main(String[] args) {
    String name = Objects.requireNonNull(System.getProperty("workload"));
    String file = Objects.requireNonNull(System.getProperty(Bench.GGUF));
    boolean prefill = name.equals("prefill");
    int length = Bench.count("length", name.equals("decode") ? 1 : prefill ? 512 : 64);
    int tokens = prefill ? 1 : SmolLm2.NEW_TOKENS;
    int threads = Bench.threads();
    LlamaModel.setLogger(LogFormat.TEXT, (level, text) -> {});
    ModelParameters parameters =
        new ModelParameters()
            .setModel(file)
            .setCtxSize(Math.max(512, length + tokens))
            .setBatchSize(Math.max(512, length))
            .setThreads(threads)
            .setThreadsBatch(threads)
            .setParallel(1)
            .skipWarmup();
    String adapter = System.getProperty(ADAPTER);
    if (name.equals("generate") && adapter != null && Files.exists(Path.of(adapter))) {
      parameters.addLoraAdapter(adapter);
    }
    try (LlamaModel model = new LlamaModel(parameters)) {
      String prompt = "a".repeat(length);
      InferenceParameters request =
          new InferenceParameters(prompt)
              .setTemperature(0)
              .setNPredict(tokens)
              .setIgnoreEos(true)
              .setCachePrompt(false);
      System.out.println(run(model, request, name, length, tokens, threads));
    }
    Runtime.getRuntime()
        .halt(0); // a thread of the library stays, and waits for ever at an orderly end
  }

  private static String run(
      LlamaModel model,
      InferenceParameters request,
      String name,
      int length,
      int tokens,
      int threads) {
    int given = model.encode("a".repeat(length)).length;
    double first = step(model, request);
    double started = Bench.secondsSinceStart();
    double ready = Bench.processorSeconds();
    double warm = 0;
    for (int i = 1; i < WARM_UP_STEPS || warm < WARM_UP_SECONDS; i++) {
      warm += step(model, request);
    }
    int steps = Bench.count("steps", STEPS);
    double[] seconds = new double[steps];
    double before = Bench.processorSeconds();
    for (int i = 0; i < steps; i++) {
      seconds[i] = step(model, request);
    }
    double processor = (Bench.processorSeconds() - before) / steps;
    Bench.Times times = new Bench.Times(Bench.median(seconds), processor, first, started, ready);
    String peer = "llama.cpp, " + given + " tokens given";
    String dtype = System.getProperty("dtype", "as the file");
    return Bench.line(peer, name, dtype, threads, times, tokens == 1 ? length : tokens);
  }

  private static double step(LlamaModel model, InferenceParameters request) {
    long t = System.nanoTime();
    model.complete(request);
    return (System.nanoTime() - t) / 1e9;
  }
}
