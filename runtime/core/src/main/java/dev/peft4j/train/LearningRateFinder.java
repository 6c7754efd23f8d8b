package dev.peft4j.train;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Variable;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedBuffer;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.NonFiniteLossException;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.AdapterSet;
import dev.peft4j.tuner.PeftModel;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A search for a learning rate: it trains for some steps while the rate rises from very low to very
 * high, and records where the loss falls (the learning rate range test of Smith 2015, as in
 * fastai). Afterwards weights, the optimizer and random generators are restored bit by bit.
 *
 * <pre>{@code
 * LearningRates rates =
 *     LearningRateFinder.of(model, optimizer, batches, b -> model.forward(b.x()).mseLoss(b.y()))
 *         .run();
 * optimizer.lr((float) rates.suggestion());
 * }</pre>
 *
 * <p>{@code LearningRateCurve} of {@code peft4j-reports} draws the result.
 *
 * @param <B> what the loss is computed from
 */
public final class LearningRateFinder<B> {
  /** The smoothing factor of fastai. */
  private static final double SMOOTHING = 0.98;

  private static final double DIVERGED = 4;

  private final Module model;
  private final @Nullable AdapterSet adapters;
  private final Optimizer optimizer;
  private final Batches<B> data;
  private final Function<? super B, Tensor> loss;
  private float from = 1e-7f;
  private float to = 10;
  private int steps = 100;
  private boolean stopsEarly = true;

  private LearningRateFinder(
      Module model,
      @Nullable AdapterSet adapters,
      Optimizer optimizer,
      Batches<B> data,
      Function<? super B, Tensor> loss) {
    this.model = model;
    this.adapters = adapters;
    this.optimizer = optimizer;
    this.data = data;
    this.loss = loss;
  }

  /**
   * Creates a search for a model, with adapters (of a generated class) or without.
   *
   * @param optimizer the optimizer to train with; its rate does not matter
   * @param data the batches; as many epochs as needed are used
   * @param loss computes the loss of a batch, a single value
   */
  public static <B> LearningRateFinder<B> of(
      Module model, Optimizer optimizer, Batches<B> data, Function<? super B, Tensor> loss) {
    return new LearningRateFinder<>(
        model, model instanceof PeftModel p ? p.adapters() : null, optimizer, data, loss);
  }

  /**
   * Creates a search like {@link #of(Module, Optimizer, Batches, Function)}, for a model that was
   * adapted in place.
   */
  public static <B> LearningRateFinder<B> of(
      AdaptedModel<?> model,
      Optimizer optimizer,
      Batches<B> data,
      Function<? super B, Tensor> loss) {
    return new LearningRateFinder<>(model.model(), model.adapters(), optimizer, data, loss);
  }

  /**
   * Sets the first and the last rate; 1e-7 and 10 by default.
   *
   * @throws IllegalArgumentException unless 0 &lt; from &lt; to, both finite
   */
  public LearningRateFinder<B> range(float from, float to) {
    if (!(from > 0 && from < to && Float.isFinite(to))) {
      throw new IllegalArgumentException(
          "learning rates from " + from + " to " + to + ": needed 0 < from < to, both finite");
    }
    this.from = from;
    this.to = to;
    return this;
  }

  /**
   * Sets the largest number of steps, 100 by default.
   *
   * @throws IllegalArgumentException if it is less than 10
   */
  public LearningRateFinder<B> steps(int value) {
    if (value < 10) {
      throw new IllegalArgumentException(
          "a learning rate test of " + value + " steps: at least 10");
    }
    steps = value;
    return this;
  }

  /** Sets whether the test ends when the loss is four times the lowest; true by default. */
  public LearningRateFinder<B> stopsEarly(boolean value) {
    stopsEarly = value;
    return this;
  }

  /** Runs the test. Pending gradients are cleared. */
  public LearningRates run() {
    Runnable restore = snapshot();
    try {
      return training(this::test);
    } finally {
      restore.run();
    }
  }

  private LearningRates test() {
    List<LearningRates.Point> points = new ArrayList<>();
    double mean = 0;
    double lowest = Double.POSITIVE_INFINITY;
    for (int i = 0; i < steps; i++) {
      float rate = (float) (from * Math.pow((double) to / from, (double) i / (steps - 1)));
      Tensor value = loss.apply(data.get(i / data.count(), i % data.count()));
      optimizer.lr(rate);
      value.backward();
      try {
        optimizer.step();
      } catch (NonFiniteLossException e) {
        return new LearningRates(points, true);
      }
      double found = value.item();
      mean = SMOOTHING * mean + (1 - SMOOTHING) * found;
      double smoothed = mean / (1 - Math.pow(SMOOTHING, i + 1));
      points.add(new LearningRates.Point(rate, found, smoothed));
      lowest = Math.min(lowest, smoothed);
      if (stopsEarly && smoothed > DIVERGED * lowest && lowest > 0) {
        return new LearningRates(points, true);
      }
    }
    return new LearningRates(points, false);
  }

  private <T> T training(Supplier<T> body) {
    if (adapters != null) {
      return adapters.training(optimizer.parameters(), body);
    }
    Map<Module, Boolean> modes = new IdentityHashMap<>();
    for (NamedModule m : model.namedModules()) {
      modes.put(m.module(), m.module().training());
    }
    model.train();
    try {
      return body.get();
    } finally {
      // parents set the mode of those below them, so they come first
      for (NamedModule m : model.namedModules()) {
        if (Boolean.TRUE.equals(modes.get(m.module()))) {
          m.module().train();
        } else {
          m.module().eval();
        }
      }
    }
  }

  /** Copies everything that a step may change, and returns an action that restores it. */
  private Runnable snapshot() {
    float rate = optimizer.lr();
    long done = optimizer.steps();
    optimizer.zeroGrad();
    SequencedMap<Variable, Storage> values = new LinkedHashMap<>();
    for (Parameter p : optimizer.parameters()) {
      values.put(p.variable(), p.own().copy());
    }
    List<NamedBuffer> buffers = adapters == null ? model.namedBuffers() : adapters.namedBuffers();
    for (NamedBuffer b : buffers) {
      values.put(b.buffer().variable(), b.buffer().own().copy());
    }
    List<SequencedMap<String, Variable>> states = new ArrayList<>();
    for (SequencedMap<String, Variable> state : optimizer.states()) {
      states.add(new LinkedHashMap<>(state));
      state.values().forEach(v -> values.put(v, v.storage().copy()));
    }
    List<Rng> generators =
        new ArrayList<>((adapters == null ? model.generators() : adapters.generators()).values());
    generators.add(Rng.current());
    long[][] positions =
        generators.stream().map(g -> new long[] {g.seed(), g.position()}).toArray(long[][]::new);
    return () -> {
      optimizer.zeroGrad();
      buffers.forEach(b -> b.buffer().own()); // what is still to be taken into them comes first
      Variable.setAll(values);
      for (int i = 0; i < states.size(); i++) {
        optimizer.states().get(i).clear();
        optimizer.states().get(i).putAll(states.get(i));
      }
      optimizer.steps(done);
      optimizer.lr(rate);
      for (int i = 0; i < positions.length; i++) {
        generators.get(i).restore(positions[i][0], positions[i][1]);
      }
    };
  }
}
