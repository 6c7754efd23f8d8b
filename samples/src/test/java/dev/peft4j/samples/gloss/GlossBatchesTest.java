package dev.peft4j.samples.gloss;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.samples.gloss.GlossData.Example;
import dev.peft4j.transformers.Tokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GlossBatchesTest {
  private static final int BATCH = 8;

  private static List<Example> examples() {
    return IntStream.range(0, 300)
        .mapToObj(i -> new Example("a small thing ".repeat(1 + i % 9), i))
        .toList();
  }

  private static List<GlossBatches.Batch> batches(long seed, int count) throws IOException {
    try (Tokenizer tokenizer = MiniLm.tokenizer(64)) {
      GlossBatches source = new GlossBatches(examples(), tokenizer, BATCH, seed);
      return IntStream.range(0, count).mapToObj(i -> source.next()).toList();
    }
  }

  @Test
  void everyExampleOncePerEpochAndLittlePadding() throws IOException {
    List<Integer> labels = new ArrayList<>();
    long real = 0;
    long computed = 0;
    for (GlossBatches.Batch b : batches(1, 38)) {
      long[] mask = b.texts().attentionMask().toLongs();
      assertThat(b.texts().tokens() % 4).isZero();
      real += Arrays.stream(mask).sum();
      computed += mask.length;
      for (int label : b.labels().toInts()) {
        labels.add(label);
      }
    }
    assertThat(labels).hasSize(300).doesNotHaveDuplicates();
    assertThat((double) real / computed).isGreaterThan(0.75);
  }

  @Test
  void sameSeedSameBatches() throws IOException {
    assertThat(ids(batches(7, 50)))
        .isEqualTo(ids(batches(7, 50)))
        .isNotEqualTo(ids(batches(8, 50)));
  }

  private static List<List<Long>> ids(List<GlossBatches.Batch> batches) {
    return batches.stream()
        .map(b -> Arrays.stream(b.texts().inputIds().toLongs()).boxed().toList())
        .toList();
  }
}
