package dev.peft4j.train;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Node;
import dev.peft4j.nn.NamedBuffer;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.Trainable;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.PeftModel;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * A computer of the gradients of single batches, as a {@link Trainer} computes them: the other end
 * of a {@link GradientSource}. It has a model, the data and the loss of its own; the values of the
 * parameters that are trained are set by whoever asks. For one thread at a time.
 *
 * @param <B> what the loss is computed from
 */
public final class GradientWorker<B> {
  private final Trainable model;
  private final Subject subject;
  private final List<Parameter> parameters;
  private final Batches<B> data;
  private final Function<? super B, Tensor> loss;
  private final ToDoubleFunction<? super B> counting;
  private boolean reached;
  private long unitOfStep = -1;
  private Unit unit = Unit.NONE;

  /**
   * What the first batch of a step that counts is the mean of: the others are weighted by it.
   *
   * @param count the number of things; 0 if nothing counts
   * @param sums whether it is a sum
   */
  private record Unit(double count, boolean sums) {
    static final Unit NONE = new Unit(0, false);
  }

  /**
   * Creates a worker.
   *
   * @param model made like the trainer's
   * @param data the trainer's data
   * @param loss computes the loss of a batch, a single value
   */
  public GradientWorker(Trainable model, Batches<B> data, Function<? super B, Tensor> loss) {
    this(model, data, loss, _ -> Double.NaN);
  }

  /**
   * Creates a worker for a loss that does not tell what it is the mean of.
   *
   * @param counting what {@link Trainer#counting} is given
   */
  public GradientWorker(
      Trainable model,
      Batches<B> data,
      Function<? super B, Tensor> loss,
      ToDoubleFunction<? super B> counting) {
    this.model = model;
    this.subject = Subject.of(model);
    this.parameters = model.trainableParameters();
    this.data = data;
    this.loss = loss;
    this.counting = counting;
  }

  /** Returns the parameters that are trained, in the order of the gradients. */
  public List<Parameter> parameters() {
    return parameters;
  }

  /**
   * Computes the gradients of a batch for the present values of the parameters.
   *
   * @throws IllegalStateException if the loss depends on none of them, or the model changes buffers
   */
  public BatchGradient compute(StepPlace place, BatchTask task) {
    Rng rng = new Rng(0);
    return Rng.with(
        rng, () -> subject.training(parameters, () -> called(() -> compute(place, task, rng))));
  }

  private <T> T called(java.util.function.Supplier<T> body) {
    return model instanceof PeftModel adapted ? adapted.call(body) : body.get();
  }

  private BatchGradient compute(StepPlace place, BatchTask task, Rng rng) {
    List<Rng> generators = new ArrayList<>();
    generators.add(rng);
    generators.addAll(subject.generators().values());
    boolean several = place.batches() > 1;
    Unit first = several ? unit(place, task.index()) : Unit.NONE;
    task.draws().restore(generators);
    List<NamedBuffer> buffers = subject.buffers();
    int[] versions = versions(buffers);
    B batch = data.get(place.epoch(), task.index());
    double given = counting.applyAsDouble(batch);
    Tensor own = loss.apply(batch);
    if (!reached) {
      Reached.require(own, parameters, place.words(task.index()));
      reached = true;
    }
    Tensor besides = subject.addedLoss();
    LossCount count = LossCount.of(own);
    Tensor total = besides == null ? own : own.add(besides);
    int examples = data.examples(place.epoch(), task.index());
    Unit mine = several ? unit(count, given, examples) : Unit.NONE;
    if (several && mine.count == 0) {
      return new BatchGradient(
          task.index(), 0, 0, 0, mine.sums, Draws.of(generators), none(parameters.size()));
    }
    Unit by = first.count == 0 ? mine : first;
    double scale = !several || by.sums ? 1 : mine.count / by.count;
    if (several) {
      total.mul(Tensor.scalar((float) scale)).backward();
    } else {
      count.retain();
      total.backward();
    }
    float value = total.item();
    double n = several ? mine.count : Double.isNaN(given) ? count.value(examples) : given;
    List<@Nullable Storage> gradients = take();
    requireUnchanged(buffers, versions);
    return new BatchGradient(
        task.index(), value, n, scale, by.sums, Draws.of(generators), gradients);
  }

  private static List<@Nullable Storage> none(int n) {
    List<@Nullable Storage> all = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      all.add(null);
    }
    return all;
  }

  private List<@Nullable Storage> take() {
    List<@Nullable Storage> gradients = new ArrayList<>();
    for (Parameter p : parameters) {
      Node g = p.variable().gradient();
      gradients.add(g == null ? null : Tensor.of(g).storage());
    }
    parameters.forEach(p -> p.variable().clearGradient());
    return gradients;
  }

  private Unit unit(LossCount count, double given, int examples) {
    return new Unit(
        Double.isNaN(given) ? count.value(examples) : given, Double.isNaN(given) && count.isSum());
  }

  /**
   * Returns what the first batch before {@code index} that counts is the mean of. Its loss is not
   * computed for that, only what tells what it counts.
   */
  private Unit unit(StepPlace place, int index) {
    if (unitOfStep == place.step() && unit.count > 0) {
      return unit;
    }
    for (int i = place.first(); i < index; i++) {
      B batch = data.get(place.epoch(), i);
      double given = counting.applyAsDouble(batch);
      Unit found =
          Double.isNaN(given)
              ? unit(LossCount.of(loss.apply(batch)), given, data.examples(place.epoch(), i))
              : new Unit(given, false);
      if (found.count > 0) {
        unit = found;
        unitOfStep = place.step();
        return found;
      }
    }
    return Unit.NONE;
  }

  private static int[] versions(List<NamedBuffer> buffers) {
    return buffers.stream().mapToInt(b -> b.buffer().variable().version()).toArray();
  }

  private static void requireUnchanged(List<NamedBuffer> buffers, int[] versions) {
    int[] now = versions(buffers);
    for (int i = 0; i < now.length; i++) {
      if (now[i] != versions[i]) {
        throw new IllegalStateException(
            "the buffer '"
                + buffers.get(i).name()
                + "' changes while the model is trained, as running means of a BatchNorm do: it"
                + " would depend on the order of the batches, which are computed at the same time"
                + " here; keep that layer in evaluation mode, or train in one process");
      }
    }
  }
}
