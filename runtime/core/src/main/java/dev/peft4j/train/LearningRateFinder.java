package dev.peft4j.train;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Variable;
import dev.peft4j.nn.NamedBuffer;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.Trainable;
import dev.peft4j.optim.NonFiniteLossException;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Function;

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

  private final Subject subject;
  private final Optimizer optimizer;
  private final Batches<B> data;
  private final Function<? super B, Tensor> loss;
  private float from = 1e-7f;
  private float to = 10;
  private int steps = 100;
  private boolean stopsEarly = true;

  private LearningRateFinder(
      Subject subject, Optimizer optimizer, Batches<B> data, Function<? super B, Tensor> loss) {
    this.subject = subject;
    this.optimizer = optimizer;
    this.data = data;
    this.loss = loss;
  }

  /**
   * Returns a test of a model, with adapters or without. Biases and norms do not decay, as in a
   * {@link Trainer}'s run.
   *
   * @param optimizer the optimizer to train with; its rate does not matter
   * @param data the batches; as many epochs as needed are used
   * @param loss computes the loss of a batch, a single value
   */
  public static <B> LearningRateFinder<B> of(
      Trainable model, Optimizer optimizer, Batches<B> data, Function<? super B, Tensor> loss) {
    return new LearningRateFinder<>(Subject.of(model), optimizer, data, loss);
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
    optimizer.exemptFromDecay(DecayExempt.of(subject));
    try {
      return subject.training(optimizer.parameters(), this::test);
    } finally {
      optimizer.exemptFromDecay(Set.of());
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

  /** Copies everything that a step may change, and returns an action that restores it. */
  private Runnable snapshot() {
    float rate = optimizer.lr();
    long done = optimizer.steps();
    optimizer.zeroGrad();
    SequencedMap<Variable, Storage> values = new LinkedHashMap<>();
    for (Parameter p : optimizer.parameters()) {
      values.put(p.variable(), p.own().copy());
    }
    List<NamedBuffer> buffers = subject.buffers();
    for (NamedBuffer b : buffers) {
      values.put(b.buffer().variable(), b.buffer().own().copy());
    }
    List<SequencedMap<String, Variable>> states = new ArrayList<>();
    for (SequencedMap<String, Variable> state : optimizer.states()) {
      states.add(new LinkedHashMap<>(state));
      state.values().forEach(v -> values.put(v, v.storage().copy()));
    }
    List<Rng> generators = new ArrayList<>(subject.generators().values());
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
