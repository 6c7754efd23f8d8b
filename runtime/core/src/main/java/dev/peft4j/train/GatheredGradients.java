package dev.peft4j.train;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.Optimizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The gradients of steps, gathered from a {@link GradientSource}.
 *
 * <p>In a trainer's own process each batch draws the random numbers that follow those of the batch
 * before. Batches that are computed at the same time start where they will have to if all draw
 * equally many, as dropout does; what started elsewhere is computed again. So the numbers are those
 * of the trainer's own process, whatever a model draws.
 */
final class GatheredGradients {
  private final GradientSource source;
  private final Optimizer optimizer;
  private long @Nullable [] drawn;

  GatheredGradients(GradientSource source, Optimizer optimizer) {
    this.source = source;
    this.optimizer = optimizer;
  }

  /** What one request for batches has given so far. */
  private static final class Progress {
    private Draws now;
    private int accepted;
    private boolean ended;

    Progress(Draws now) {
      this.now = now;
    }
  }

  /**
   * Computes the gradients of a step, and returns them; {@link GradientSum#finish} gives them to
   * the parameters.
   *
   * @param generators all that batches draw from, which then are where they are after the step
   * @param check receives the loss of each batch, in their order
   */
  GradientSum step(StepPlace place, List<Rng> generators, Accumulation.Check check) {
    List<Parameter> parameters = optimizer.parameters();
    GradientSum sum = new GradientSum(parameters.size(), place.batches() > 1);
    Progress progress = new Progress(Draws.of(generators));
    int done = 0;
    while (done < place.batches()) {
      List<BatchTask> tasks = tasks(place, done, progress.now);
      progress.accepted = 0;
      progress.ended = false;
      source.compute(place, tasks, parameters, g -> accept(g, tasks, progress, sum, check));
      done += progress.accepted;
    }
    progress.now.restore(generators);
    return sum;
  }

  private List<BatchTask> tasks(StepPlace place, int done, Draws now) {
    long[] each = drawn;
    int n = each == null ? 1 : place.batches() - done; // the first one shows how much is drawn
    List<BatchTask> tasks = new ArrayList<>(n);
    Draws start = now;
    for (int i = 0; i < n; i++) {
      tasks.add(new BatchTask(place.first() + done + i, start));
      start = each == null ? start : start.after(each);
    }
    return tasks;
  }

  private void accept(
      BatchGradient g,
      List<BatchTask> tasks,
      Progress progress,
      GradientSum sum,
      Accumulation.Check check) {
    if (progress.ended) {
      return;
    }
    BatchTask task = tasks.get(progress.accepted);
    if (task.index() != g.index()) {
      throw new IllegalStateException(
          "the gradients of batch " + g.index() + " came in place of those of " + task.index());
    }
    if (!task.draws().equals(progress.now)) {
      progress.ended = true; // an earlier one drew more or less than was expected
      return;
    }
    long[] numbers = g.end().since(progress.now);
    if (!Arrays.equals(drawn, numbers)) {
      drawn = numbers;
    }
    progress.now = g.end();
    progress.accepted++;
    if (progress.accepted == tasks.size()) {
      progress.ended = true;
    }
    if (g.count() > 0 || g.gradients().stream().anyMatch(x -> x != null)) {
      check.accept(g.loss());
    }
    sum.add(g);
  }
}
