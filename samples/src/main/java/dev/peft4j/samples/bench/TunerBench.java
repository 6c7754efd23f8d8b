package dev.peft4j.samples.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Rng;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.Tuner;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Training steps with each tuner whose adapter can be merged, on the model of the workload {@code
 * mlp}. The settings are peft's defaults, but for those in {@code tuners.json}. With a peer, one
 * process of it does the same steps: a tuner is measured here and then there, and then comes the
 * next.
 */
final class TunerBench {
  /** The settings of the tuners, by names that begin with peft's. */
  private static final String SETTINGS = "tuners.json";

  private static final int BATCH = 64;
  private static final int WARM_UP_STEPS = 2;
  private static final int LEAST_STEPS = 5;
  private static final int COMPILED_AFTER = 400;

  private final ObjectMapper json = new ObjectMapper();
  private final double seconds;
  private final Workload.Mlp base = Rng.with(0, Workload.Mlp::new);
  private final Tensor x = Tensor.of(new Rng(1).normal(BATCH * 1024, 0, 1), BATCH, 1024);
  private final Tensor y = Tensor.of(new Rng(2).normal(BATCH * 1024, 0, 1), BATCH, 1024);

  /**
   * Creates it.
   *
   * @param seconds of warm-up, and of measuring, with each tuner; at least a few steps in any case
   */
  TunerBench(double seconds) {
    this.seconds = seconds;
  }

  /**
   * Milliseconds of a step.
   *
   * @param wall the median
   * @param processor processor time of the whole process, the mean
   * @param trained the number of trained numbers
   */
  record Times(double wall, double processor, long trained) {}

  /** Returns the settings of each tuner, as peft's file has them. */
  static Map<String, ObjectNode> settings() {
    try (InputStream in =
        Objects.requireNonNull(TunerBench.class.getResourceAsStream(SETTINGS), SETTINGS)) {
      Map<String, ObjectNode> all = new LinkedHashMap<>();
      for (Map.Entry<String, JsonNode> e : new ObjectMapper().readTree(in).properties()) {
        ObjectNode tree = e.getValue().deepCopy();
        tree.put("peft_type", e.getKey().replaceFirst(" .*", ""));
        tree.putArray("target_modules").add("fc1").add("fc2");
        all.put(e.getKey(), tree);
      }
      return all;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Measures the tuners whose names contain {@code only}, or a part of it between commas, and
   * prints a line for each and a table.
   *
   * @param peer the command of the peer, or nothing
   * @throws IllegalStateException if the peer ends or says something else than times
   */
  void run(List<String> peer, String only, int threads) {
    List<String> table = new ArrayList<>();
    Process process = peer.isEmpty() ? null : start(peer);
    warmUp();
    try (Lines there = process == null ? null : new Lines(process)) {
      settings()
          .forEach(
              (name, tree) -> {
                if (isAsked(name, only)) {
                  Times here = here(tree);
                  Times other = there == null ? null : there.times(request(tree, threads));
                  System.out.println(line(name, here, other));
                  table.add(row(name, here, other));
                }
              });
    } finally {
      if (process != null) {
        process.destroy();
      }
    }
    System.out.println();
    System.out.println(
        "| Tuner | Trained | Step here | PyTorch + peft | Ratio | Processor time | PyTorch + peft |"
            + " Ratio |");
    System.out.println("|---|---|---|---|---|---|---|---|");
    table.forEach(System.out::println);
  }

  private static boolean isAsked(String name, String only) {
    for (String part : only.toLowerCase(Locale.ROOT).split(",", -1)) {
      if (name.toLowerCase(Locale.ROOT).contains(part)) {
        return true;
      }
    }
    return false;
  }

  private ObjectNode request(ObjectNode tree, int threads) {
    ObjectNode request = json.createObjectNode();
    request.put("seconds", seconds).put("threads", threads).set("config", tree);
    return request;
  }

  /** Lets HotSpot compile what all have in common; it takes steps, not seconds. */
  private void warmUp() {
    AdaptedModel<Workload.Mlp> model = model(settings().values().iterator().next());
    AdamW optimizer = AdamW.of(model.trainableParameters(), 1e-4f);
    for (int i = 0; i < COMPILED_AFTER; i++) {
      Bench.step(workload(model), optimizer);
    }
    model.adapters().unload();
  }

  private AdaptedModel<Workload.Mlp> model(ObjectNode tree) {
    AdaptedModel<Workload.Mlp> model =
        Rng.with(
            3,
            () -> {
              try {
                AdapterConfig config = AdapterConfig.of(tree);
                String type = tree.path("peft_type").asText();
                return PeftModel.of(base, Tuner.of(type).read(config));
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    return model.train();
  }

  private Workload workload(AdaptedModel<Workload.Mlp> model) {
    return new Workload(
        BATCH,
        LEAST_STEPS,
        base,
        model.trainableParameters(),
        () -> base.forward(x).mseLoss(y),
        null);
  }

  /** Measures one tuner here. */
  Times here(ObjectNode tree) {
    AdaptedModel<Workload.Mlp> model = model(tree);
    try {
      AdamW optimizer = AdamW.of(model.trainableParameters(), 1e-4f);
      Workload workload = workload(model);
      double warm = 0;
      for (int i = 0; i < WARM_UP_STEPS || warm < seconds; i++) {
        warm += Bench.step(workload, optimizer);
      }
      List<Double> each = new ArrayList<>();
      double processor = Bench.processorSeconds();
      for (double all = 0; each.size() < LEAST_STEPS || all < seconds; ) {
        double step = Bench.step(workload, optimizer);
        each.add(step);
        all += step;
      }
      processor = (Bench.processorSeconds() - processor) / each.size();
      double wall = Bench.median(each.stream().mapToDouble(Double::doubleValue).toArray());
      long trained =
          model.trainableParameters().stream().mapToLong(p -> p.shape().elements()).sum();
      return new Times(1e3 * wall, 1e3 * processor, trained);
    } finally {
      model.adapters().unload();
    }
  }

  private static String line(String name, Times here, @Nullable Times other) {
    String own =
        String.format(
            Locale.ROOT, "%-14s %8.2f ms (processor %8.2f)", name, here.wall, here.processor);
    return other == null
        ? own
        : own
            + String.format(
                Locale.ROOT,
                ", peft %8.2f (%8.2f): %5.2f x, processor %5.2f x%s",
                other.wall,
                other.processor,
                other.wall / here.wall,
                other.processor / here.processor,
                other.trained == here.trained
                    ? ""
                    : " (trains " + here.trained + " numbers, there " + other.trained + ")");
  }

  private static String row(String name, Times here, @Nullable Times other) {
    String theirs =
        other == null
            ? " | | %.1f ms | | |".formatted(here.processor)
            : String.format(
                Locale.ROOT,
                "%.1f ms | %.1f × | %.1f ms | %.1f ms | %.1f × |",
                other.wall,
                other.wall / here.wall,
                here.processor,
                other.processor,
                other.processor / here.processor);
    return String.format(
        Locale.ROOT, "| %s | %,d | %.1f ms | %s", name, here.trained, here.wall, theirs);
  }

  private static Process start(List<String> command) {
    try {
      return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    } catch (IOException e) {
      throw new IllegalStateException(command + " could not be run: " + e.getMessage(), e);
    }
  }

  /** A peer that answers a line with a line. */
  private final class Lines implements AutoCloseable {
    private final Writer to;
    private final BufferedReader from;

    Lines(Process process) {
      to = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8);
      from = process.inputReader(StandardCharsets.UTF_8);
    }

    Times times(ObjectNode request) {
      try {
        to.write(request + "\n");
        to.flush();
        String answer = from.readLine();
        JsonNode times = json.readTree(answer == null ? "" : answer);
        if (!times.path("step_ms").isNumber()) {
          throw new IllegalStateException("the peer said " + answer + " to " + request);
        }
        return new Times(
            times.path("step_ms").doubleValue(),
            times.path("step_cpu_ms").doubleValue(),
            times.path("trained").longValue());
      } catch (IOException e) {
        throw new IllegalStateException("the peer does not answer: " + e.getMessage(), e);
      }
    }

    @Override
    public void close() {
      try {
        to.close();
        from.close();
      } catch (IOException e) {
        System.err.println("bench: " + e.getMessage()); // it has ended by itself
      }
    }
  }
}
