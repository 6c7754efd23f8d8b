package dev.peft4j.cli;

import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.transformers.TokenBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The examples of a run with the indices of their labels. */
final class TrainingData {
  /** A batch of examples. */
  record Batch(TokenBatch texts, Tensor labels) {}

  /** The content of an example, without its place. */
  private static final class Item {
    final String text;
    final @Nullable String second;
    final int label;
    final transient Example example;

    Item(Example example, int label) {
      this.text = example.text();
      this.second = example.second();
      this.label = label;
      this.example = example;
    }
  }

  private final List<Item> items = new ArrayList<>();

  TrainingData(LabelledExamples examples) {
    for (int i = 0; i < examples.labels().length; i++) {
      items.add(new Item(examples.examples().get(i), examples.labels()[i]));
    }
  }

  /** Returns batches in a new order each epoch. */
  Batches<Batch> shuffled(Classifier classifier, int size, long seed) {
    return Batches.shuffled(
        items,
        size,
        seed,
        some ->
            new Batch(
                classifier.encode(some.stream().map(i -> i.example).toList()),
                Tensor.of(some.stream().mapToInt(i -> i.label).toArray())));
  }

  /** Returns what identifies the examples. */
  Map<String, String> fingerprint() {
    return Batches.inOrder(items, 1, some -> some).fingerprint();
  }
}
