package dev.peft4j.samples.gloss;

import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.samples.gloss.GlossData.Example;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.Tokenizer;
import java.util.List;

/** The training loop. */
final class Training {
  /** Steps over which the loss and the accuracy of training are averaged. */
  static final int WINDOW = 20;

  private static final float LEARNING_RATE = 1e-3f;
  private static final int AHEAD = 4;

  /**
   * The result of a training run.
   *
   * @param losses of each step
   * @param seconds from the first batch to the last update
   */
  record Result(float[] losses, double seconds) {
    /** Returns the mean loss of the last steps. */
    double lastLoss() {
      return mean(losses, losses.length);
    }
  }

  private final GlossClassifier model;
  private final Tokenizer tokenizer;
  private final GlossOptions options;

  Training(GlossClassifier model, Tokenizer tokenizer, GlossOptions options) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.options = options;
  }

  /** Trains {@code parameters} on examples in an order that depends on the seed. */
  Result run(String task, List<Parameter> parameters, List<Example> examples) {
    GlossBatches source = new GlossBatches(examples, tokenizer, options.batch(), options.seed());
    Optimizer optimizer = AdamW.builder().lr(LEARNING_RATE).weightDecay(0).build(parameters);
    float[] losses = new float[options.steps()];
    float[] accuracies = new float[options.steps()];
    model.train();
    long start = System.nanoTime();
    try (Prefetch<GlossBatches.Batch> batches =
            new Prefetch<>(options.steps(), AHEAD, _ -> source.next());
        Progress progress = new Progress(task, options.steps())) {
      long done = 0;
      for (int step = 0; step < losses.length; step++) {
        GlossBatches.Batch batch = batches.take();
        Tensor logits = model.forward(batch.texts()).retain();
        Tensor loss = logits.crossEntropy(batch.labels());
        loss.backward();
        optimizer.step();
        losses[step] = loss.item();
        accuracies[step] = accuracy(logits, batch.labels());
        done += batch.texts().size();
        progress.step(
            mean(losses, step + 1), mean(accuracies, step + 1), done / secondsSince(start));
      }
      return new Result(losses, secondsSince(start));
    }
  }

  private static float accuracy(Tensor logits, Tensor labels) {
    int[] expected = labels.toInts();
    return (float) Evaluation.hits(logits.argmax(), expected) / expected.length;
  }

  /** Returns the mean of the last {@link #WINDOW} of the first {@code n} values. */
  private static double mean(float[] values, int n) {
    int from = Math.max(0, n - WINDOW);
    double sum = 0;
    for (int i = from; i < n; i++) {
      sum += values[i];
    }
    return sum / (n - from);
  }

  private static double secondsSince(long nanos) {
    return (System.nanoTime() - nanos) / 1e9;
  }
}
