package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Schedule;
import dev.peft4j.samples.golden.SftCase.Adapted;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingSettings;
import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.NextTokenLoss;
import dev.peft4j.transformers.TokenMetrics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** A run of TRL's SFT trainer: the same micro-batches through {@link Trainer}. */
final class SftTraining {
  // Adam divides small gradients by themselves: rounding shows in the weights first
  private static final double TOLERANCE = 1e-5;
  private static final double GRADIENT = 1e-4;
  private static final double WEIGHT = 2e-3;

  private final Difference loss = Difference.scaled("loss", TOLERANCE);
  private final Difference log = Difference.scaled("log", TOLERANCE);
  private final Difference gradients = new Difference("gradients", GRADIENT);
  private final Difference weights = new Difference("weights", WEIGHT);
  private final List<String> wrong = new ArrayList<>();
  private final JsonNode json;
  private final SafeTensors tensors;
  private final CausalLm model;
  private final Adapted adapted;
  private final List<List<Micro>> steps = new ArrayList<>();
  private final NextTokenLoss rule;
  private final TokenMetrics metrics = new TokenMetrics();
  private long tokens;

  /** A micro-batch, and the number of its tokens without padding. */
  private record Micro(CausalBatch batch, long tokens) {}

  private SftTraining(Adapted adapted, JsonNode json, SafeTensors tensors) throws IOException {
    this.adapted = adapted;
    this.model = adapted.model();
    this.json = json;
    this.tensors = tensors;
    JsonNode o = json.path("options");
    this.rule =
        new NextTokenLoss(
            (float) o.path("label_smoothing_factor").asDouble(),
            o.path("loss_type").asText().equals("dft"),
            0);
    for (JsonNode step : json.path("steps")) {
      List<Micro> micro = new ArrayList<>();
      for (JsonNode batch : step) {
        micro.add(micro(batch, "noise." + (steps.size() + 1) + "." + micro.size()));
      }
      steps.add(micro);
    }
  }

  private Micro micro(JsonNode batch, String noise) throws IOException {
    CausalBatch b = SftCase.batch(batch);
    if (tensors.contains(noise)) {
      b = new CausalBatch(b.input().withNoise(GoldenCase.tensor(tensors, noise)), b.labels());
    }
    JsonNode counting = batch.path(batch.has("attention_mask") ? "attention_mask" : "input_ids");
    boolean mask = batch.has("attention_mask");
    long n =
        counting
            .valueStream()
            .flatMap(JsonNode::valueStream)
            .mapToLong(v -> mask ? v.longValue() : 1)
            .sum();
    return new Micro(b, n);
  }

  static CaseResult run(Path folder, Path file) throws IOException {
    String name = String.valueOf(file.getFileName());
    Path tensors = file.resolveSibling(name.replace(".json", ".safetensors"));
    Adapted adapted = Adapted.of(folder);
    return new SftTraining(adapted, SftCase.read(file), SafeTensors.open(tensors)).run();
  }

  private CaseResult run() throws IOException {
    model.train();
    compareGradients();
    JsonNode o = json.path("options");
    AdamW optimizer =
        AdamW.builder()
            .lr((float) o.path("learning_rate").asDouble())
            .betas(o.path("adam_beta1").asDouble(), o.path("adam_beta2").asDouble())
            .eps(o.path("adam_epsilon").asDouble())
            .weightDecay(o.path("weight_decay").asDouble())
            .build(adapted.adapted().trainableParameters());
    int accumulation = o.path("gradient_accumulation_steps").asInt();
    float clip = (float) o.path("max_grad_norm").asDouble();
    long total = json.path("total_steps").asLong();
    TrainingSettings settings =
        TrainingSettings.builder()
            .steps(json.path("log").size())
            .accumulation(accumulation)
            .clipNorm(clip)
            .schedule(schedule(o, total))
            .build();
    Trainer.of(adapted.adapted(), optimizer, batches(accumulation), this::loss)
        .settings(settings)
        .measuring(metrics::step)
        .listener(
            event -> {
              if (event instanceof TrainingEvent.Step s) {
                compare(s, clip > 0);
              }
            })
        .run();
    String step = "step" + json.path("log").size() + ".";
    for (NamedParameter p : trained()) {
      Tensor now = Tensor.of(p.parameter().own(), p.parameter().shape());
      ofLargest(weights, p.name(), now, GoldenCase.tensor(tensors, step + p.name()));
    }
    return CaseResult.of(List.of(loss, log, gradients, weights), wrong);
  }

  private List<NamedParameter> trained() {
    return adapted.adapted().namedParameters().stream()
        .filter(p -> p.parameter().trainable())
        .toList();
  }

  private Tensor loss(Micro micro) {
    tokens += micro.tokens;
    return metrics.loss(rule, model, micro.batch);
  }

  /** Those of the first step before clipping: each micro-batch counts as many as its tokens. */
  private void compareGradients() throws IOException {
    List<Micro> first = steps.getFirst();
    long all = first.stream().mapToLong(m -> m.batch.counted()).sum();
    for (Micro m : first) {
      rule.of(model, m.batch).mul((float) m.batch.counted() / all).backward();
    }
    for (NamedParameter p : trained()) {
      Tensor g = Objects.requireNonNull(p.parameter().grad(), p.name());
      ofLargest(gradients, p.name(), g, GoldenCase.tensor(tensors, "grad." + p.name()));
      p.parameter().variable().clearGradient();
    }
  }

  /** Compares in units of the largest number of a tensor. */
  private static void ofLargest(Difference into, String name, Tensor found, Tensor expected) {
    float largest = 1e-30f;
    for (float x : expected.toFloats()) {
      largest = Math.max(largest, Math.abs(x));
    }
    into.add(name, found.div(largest), expected.div(largest));
  }

  private void compare(TrainingEvent.Step s, boolean clips) {
    JsonNode line = json.path("log").path((int) s.state().step() - 1);
    add(loss, "loss", s.loss(), line);
    add(log, "learning_rate", s.learningRate(), line);
    if (clips) {
      add(log, "grad_norm", s.gradientNorm(), line);
    }
    for (String name : TokenMetrics.NAMES) {
      add(log, name, s.measured().getOrDefault(name, Double.NaN), line);
    }
    if (tokens != line.path("num_tokens").asLong()) {
      wrong.add("step " + s.state().step() + ": " + tokens + " tokens, TRL counts " + line);
    }
  }

  private static void add(Difference into, String name, double found, JsonNode line) {
    double expected = line.path(name).asDouble(Double.NaN);
    into.add(name, Tensor.scalar((float) found), Tensor.scalar((float) expected));
  }

  /** The micro-batches as fed: an epoch ends with a step that takes fewer, or with the run. */
  private Batches<Micro> batches(int accumulation) {
    List<Micro> all = steps.stream().flatMap(List::stream).toList();
    int perEpoch = 0;
    for (List<Micro> step : steps) {
      perEpoch += step.size();
      if (step.size() < accumulation) {
        break;
      }
    }
    int count = perEpoch;
    return new Batches<>() {
      @Override
      public int count() {
        return count;
      }

      @Override
      public Micro get(long epoch, int index) {
        return all.get((int) (epoch * count + index));
      }
    };
  }

  private static Schedule schedule(JsonNode o, long total) {
    double given = o.path("warmup_steps").asDouble();
    long warmup = (long) (given < 1 ? Math.ceil(total * given) : given);
    JsonNode more = o.path("lr_scheduler_kwargs");
    return switch (o.path("lr_scheduler_type").asText()) {
      case "linear" -> Schedule.linear(warmup, total);
      case "cosine" -> Schedule.cosine(warmup, total);
      case "cosine_with_min_lr" ->
          Schedule.cosineWithMinLr(warmup, total, more.path("min_lr_rate").asDouble());
      case "cosine_with_restarts" ->
          Schedule.cosineWithHardRestarts(warmup, total, more.path("num_cycles").asInt(1));
      case "constant" -> Schedule.constant();
      case "constant_with_warmup" -> Schedule.constant(warmup);
      case "polynomial" ->
          Schedule.polynomial(
              warmup, total, more.path("lr_end").asDouble(), more.path("power").asDouble(1));
      case "inverse_sqrt" -> Schedule.inverseSqrt(warmup);
      case "warmup_stable_decay" ->
          Schedule.warmupStableDecay(
              warmup,
              more.path("num_decay_steps").asLong(),
              total,
              more.path("min_lr_ratio").asDouble());
      default -> throw new IllegalArgumentException("no schedule " + o.path("lr_scheduler_type"));
    };
  }
}
