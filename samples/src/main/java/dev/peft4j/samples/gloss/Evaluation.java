package dev.peft4j.samples.gloss;

import dev.peft4j.samples.gloss.GlossData.Example;
import dev.peft4j.transformers.Tokenizer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The predictions for some examples.
 *
 * @param examples the examples
 * @param predicted the label found for each
 */
record Evaluation(List<Example> examples, int[] predicted) {
  private static final int BATCH = 100;

  /** Predicts all labels. Texts of similar length are in the same batch, which saves padding. */
  static Evaluation of(GlossClassifier model, Tokenizer tokenizer, List<Example> examples) {
    int[] byLength =
        IntStream.range(0, examples.size())
            .boxed()
            .sorted(Comparator.comparingInt(i -> examples.get(i).text().length()))
            .mapToInt(Integer::intValue)
            .toArray();
    int[] predicted = new int[examples.size()];
    model.eval();
    try (Progress progress = new Progress("test", examples.size())) {
      for (int from = 0; from < byLength.length; from += BATCH) {
        int to = Math.min(from + BATCH, byLength.length);
        List<String> texts = new ArrayList<>();
        for (int i = from; i < to; i++) {
          texts.add(examples.get(byLength[i]).text());
        }
        int[] labels = model.forward(tokenizer.encode(texts)).argmax();
        for (int i = from; i < to; i++) {
          predicted[byLength[i]] = labels[i - from];
        }
        progress.stepBy(to - from);
      }
    }
    return new Evaluation(examples, predicted);
  }

  /** Returns the fraction of the examples that were predicted right. */
  double accuracy() {
    int[] expected = examples.stream().mapToInt(Example::label).toArray();
    return (double) hits(predicted, expected) / expected.length;
  }

  /** Returns how many are equal. */
  static int hits(int[] predicted, int[] expected) {
    return (int)
        IntStream.range(0, expected.length).filter(i -> predicted[i] == expected[i]).count();
  }
}
