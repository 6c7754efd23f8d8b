package dev.peft4j.samples.gloss;

import dev.peft4j.data.Rng;
import dev.peft4j.samples.gloss.GlossData.Example;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.TokenBatch;
import dev.peft4j.transformers.Tokenizer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The batches of a training run. The examples come in {@link TrainingOrder}; within a window of
 * some batches they are then sorted by length, so that little padding is computed, and the batches
 * of the window are shuffled. Half of a random batch of glosses would be padding; of these a fifth
 * is.
 */
final class GlossBatches {
  /** Batches that are sorted together. */
  private static final int WINDOW = 16;

  /** The rounding of lengths: fewer different lengths are fewer programs to compile. */
  private static final int LENGTHS = 4;

  /** Texts and the labels (texts) that belong to them. */
  record Batch(TokenBatch texts, Tensor labels) {}

  private final List<Example> examples;
  private final Tokenizer tokenizer;
  private final int batch;
  private final Rng rng;
  private final int[] order;
  private final Deque<List<Example>> ready = new ArrayDeque<>();
  private int at;

  GlossBatches(List<Example> examples, Tokenizer tokenizer, int batch, long seed) {
    this.examples = examples;
    this.tokenizer = tokenizer.padToMultipleOf(LENGTHS);
    this.batch = batch;
    this.rng = new Rng(seed);
    this.order = TrainingOrder.stratified(examples.size(), batch, seed);
  }

  /** Returns the next batch; the first example follows after the last. */
  Batch next() {
    if (ready.isEmpty()) {
      fill();
    }
    List<Example> chosen = ready.remove();
    return new Batch(
        tokenizer.encode(texts(chosen)),
        Tensor.of(chosen.stream().mapToInt(Example::label).toArray()));
  }

  private void fill() {
    int count = Math.min(WINDOW * batch, order.length - at);
    List<Example> window = Arrays.stream(order, at, at + count).mapToObj(examples::get).toList();
    at = (at + count) % order.length;
    int[] lengths = tokenizer.lengths(texts(window));
    List<Example> sorted =
        IntStream.range(0, count)
            .boxed()
            .sorted(Comparator.comparingInt(i -> lengths[i]))
            .map(window::get)
            .toList();
    for (int b : rng.permutation((count + batch - 1) / batch)) {
      ready.add(sorted.subList(b * batch, Math.min(count, (b + 1) * batch)));
    }
  }

  private static List<String> texts(List<Example> examples) {
    return examples.stream().map(Example::text).toList();
  }
}
