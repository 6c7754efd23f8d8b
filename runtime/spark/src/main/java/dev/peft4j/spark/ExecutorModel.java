package dev.peft4j.spark;

import dev.peft4j.Peft4jException;
import dev.peft4j.backend.Backends;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Variable;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.Trainable;
import dev.peft4j.train.BatchTask;
import dev.peft4j.train.Batches;
import dev.peft4j.train.GradientWorker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.spark.SparkEnv;
import org.jspecify.annotations.Nullable;

/**
 * The part of a run in one process: the base, which all of its tasks share, and a model for each
 * task that runs at the same time.
 */
final class ExecutorModel<M, P extends Trainable, B> {
  private static final String THREADS = "peft4j.threads";

  /** Runs that a process remembers; what an earlier one held is freed. */
  private static final int KEPT = 2;

  private static final Map<String, ExecutorModel<?, ?, ?>> RUNS =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, ExecutorModel<?, ?, ?>> eldest) {
          return size() > KEPT;
        }
      };

  private final Start start;
  private final TrainingRecipe<M, P, B> recipe;
  private final Deque<GradientWorker<B>> idle = new ArrayDeque<>();
  private @Nullable M base;
  private volatile @Nullable NextBatches<B> data;

  private ExecutorModel(Start start, TrainingRecipe<M, P, B> recipe) {
    this.start = start;
    this.recipe = recipe;
  }

  /** Returns that of a run in this process. */
  static ExecutorModel<?, ?, ?> of(Start start) {
    synchronized (RUNS) {
      return RUNS.computeIfAbsent(start.run(), _ -> new ExecutorModel<>(start, start.recipe()));
    }
  }

  /** Computes the gradients of a batch; a reason in words if this process cannot. */
  StepResult compute(StepValues step, BatchTask task) {
    try {
      GradientWorker<B> worker = take();
      try {
        set(worker.parameters(), step);
        NextBatches<B> batches = Objects.requireNonNull(data);
        // Spark mostly gives a process the same part of the next step
        batches.expect(step.place().epoch(), task.index() + step.place().batches());
        return StepResult.of(worker.compute(step.place(), task), step);
      } finally {
        synchronized (idle) {
          idle.push(worker);
        }
      }
    } catch (RefusedException e) {
      return StepResult.refused(here() + " " + e.getMessage());
    } catch (IllegalStateException | IllegalArgumentException | Peft4jException e) {
      return StepResult.refused(here() + " cannot compute gradients: " + e.getMessage());
    }
  }

  private static void set(List<Parameter> parameters, StepValues step) {
    List<@Nullable Storage> values = step.values().values();
    Map<Variable, Storage> all = new HashMap<>();
    for (int i = 0; i < parameters.size(); i++) {
      Variable v = parameters.get(i).variable();
      all.put(v, Objects.requireNonNull(values.get(i)));
      v.trainable(step.trained().get(i));
    }
    Variable.setAll(all);
  }

  private GradientWorker<B> take() throws RefusedException {
    synchronized (idle) {
      GradientWorker<B> worker = idle.poll();
      if (worker != null) {
        return worker;
      }
    }
    return make();
  }

  private synchronized GradientWorker<B> make() throws RefusedException {
    requireThreads();
    boolean first = base == null;
    try {
      M shared = base == null ? recipe.base() : base;
      NextBatches<B> batches = data == null ? new NextBatches<>(recipe.data()) : data;
      P model = recipe.adapt(shared);
      GradientWorker<B> worker =
          new GradientWorker<>(model, batches, b -> recipe.loss(model, b), recipe::count);
      if (first) {
        requireSame(model, batches);
      }
      base = shared;
      data = batches;
      return worker;
    } catch (IOException e) {
      throw new RefusedException("cannot load " + recipe.origin() + ": " + e.getMessage());
    } catch (UncheckedIOException | Peft4jException | IllegalArgumentException e) {
      throw new RefusedException(
          "cannot make the model, " + recipe.origin() + ": " + e.getMessage());
    }
  }

  /** The number of threads is fixed when a process first computes. */
  private void requireThreads() throws RefusedException {
    if (System.getProperty(THREADS) == null) {
      System.setProperty(THREADS, Integer.toString(start.threads()));
    }
    int threads = Backends.current().threads();
    if (threads != start.threads()) {
      throw new RefusedException(
          "computes a batch with "
              + threads
              + " threads, the driver with "
              + start.threads()
              + ", which may give other last bits; start both with -Dpeft4j.threads="
              + start.threads()
              + " (spark.executor.extraJavaOptions)");
    }
  }

  private void requireSame(P model, Batches<B> batches) throws RefusedException {
    List<String> parameters = parameters(model);
    if (!parameters.equals(start.parameters())) {
      throw new RefusedException(
          "has another model, "
              + recipe.origin()
              + ": it trains "
              + ModelDigest.difference(start.parameters(), parameters));
    }
    List<String> frozen = ModelDigest.of(model);
    if (!frozen.equals(start.frozen())) {
      throw new RefusedException(
          "has another version of the base, "
              + recipe.origin()
              + ": "
              + ModelDigest.difference(start.frozen(), frozen));
    }
    Map<String, String> facts = batches.fingerprint();
    if (!facts.equals(start.data())) {
      throw new RefusedException("has other data: " + facts + ", the driver has " + start.data());
    }
  }

  /** Returns names and shapes of what is trained. */
  static List<String> parameters(Trainable model) {
    List<String> lines = new ArrayList<>();
    for (NamedParameter p : model.namedParameters()) {
      if (p.parameter().trainable()) {
        lines.add(p.name() + " " + p.parameter().shape());
      }
    }
    return lines;
  }

  static String here() {
    SparkEnv env = SparkEnv.get();
    return env == null
        ? "this process"
        : "executor " + env.executorId() + " on " + env.blockManager().blockManagerId().host();
  }
}
