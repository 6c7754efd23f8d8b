package dev.peft4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.Rng;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LengthBatchesTest {
  record Text(int id, int length) {}

  @TempDir Path folder;

  private static List<Text> texts(int n) {
    Rng rng = new Rng(9);
    return IntStream.range(0, n).mapToObj(i -> new Text(i, (int) (rng.nextDouble() * 50))).toList();
  }

  private static Batches<List<Text>> batches(List<Text> texts, int size, long seed) {
    return Batches.byLength(texts, size, seed, Text::length, List::copyOf);
  }

  @ParameterizedTest
  @CsvSource({"1000, 16", "1000, 10", "7, 16", "16, 16", "17, 16", "5, 1"})
  void lengthsOfABatchAreNeighbours(int n, int size) {
    List<Text> texts = texts(n);
    List<Integer> sorted = texts.stream().map(Text::length).sorted().toList();
    Batches<List<Text>> batches = batches(texts, size, 3);
    for (int epoch = 0; epoch < 5; epoch++) {
      List<List<Text>> all = batches.epoch(epoch);
      assertThat(all).hasSize((n + size - 1) / size);
      assertThat(all.stream().flatMap(List::stream)).containsExactlyInAnyOrderElementsOf(texts);
      List<List<Integer>> lengths = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        assertThat(all.get(i)).hasSize(i < all.size() - 1 || n % size == 0 ? size : n % size);
        assertThat(batches.examples(epoch, i)).isEqualTo(all.get(i).size());
        lengths.add(all.get(i).stream().map(Text::length).toList());
      }
      // put together again they are all lengths in their order: no batch reaches into another
      lengths.sort(
          java.util.Comparator.<List<Integer>>comparingInt(List::getFirst)
              .thenComparingInt(List::getLast));
      assertThat(lengths.stream().flatMap(List::stream)).isEqualTo(sorted);
    }
  }

  @Test
  void paddingIsASmallPartOfThatOfARandomOrder() {
    List<Text> texts = texts(1000);
    long byLength = padding(batches(texts, 16, 3).epoch(0));
    long shuffled =
        padding(Batches.<Text, List<Text>>shuffled(texts, 16, 3, List::copyOf).epoch(0));
    assertThat(byLength).isLessThan(shuffled / 20);
  }

  private static long padding(List<List<Text>> batches) {
    return batches.stream()
        .mapToLong(
            b -> {
              int longest = b.stream().mapToInt(Text::length).max().orElse(0);
              return b.stream().mapToLong(t -> longest - t.length()).sum();
            })
        .sum();
  }

  @Test
  void theSeedAndTheEpochDecide() {
    List<Text> texts = texts(200);
    Batches<List<Text>> batches = batches(texts, 8, 3);
    assertThat(batches.epoch(2)).isEqualTo(batches(texts, 8, 3).epoch(2));
    assertThat(batches.epoch(2)).isNotEqualTo(batches.epoch(3));
    assertThat(batches.epoch(2)).isNotEqualTo(batches(texts, 8, 4).epoch(2));
    List<Integer> first = batches.epoch(0).stream().map(b -> b.getFirst().length()).toList();
    assertThat(first).isNotEqualTo(first.stream().sorted().toList());
    // the short batch has other lengths each epoch, so no example is always in it
    Set<Integer> rest = new HashSet<>();
    for (int epoch = 0; epoch < 20; epoch++) {
      rest.add(batches(texts(203), 8, 3).epoch(epoch).getLast().getFirst().length());
    }
    assertThat(rest).hasSizeGreaterThan(5);
  }

  @Test
  void otherLengthsAreOtherData() {
    List<Text> texts = texts(20);
    Batches<List<Text>> batches = batches(texts, 4, 3);
    assertThat(batches.fingerprint()).isEqualTo(batches(texts, 4, 3).fingerprint());
    assertThat(batches.fingerprint())
        .isNotEqualTo(
            Batches.byLength(texts, 4, 3, t -> t.length() / 2, List::copyOf).fingerprint());
    assertThatThrownBy(() -> Batches.byLength(texts, 4, 3, t -> -1, List::copyOf))
        .hasMessage("batches: the length of example 0 is -1, needed 0 or more");
  }

  @Test
  void aRunGoesOnFromItsCheckpoint() {
    TinyRun whole = new TinyRun(7);
    trainer(whole).run();
    TinyRun first = new TinyRun(7);
    Trainer<TinyRun.Batch> stopped = trainer(first).checkpoints(folder);
    stopped.listener(
        e -> {
          if (e instanceof TrainingEvent.Step s && s.state().step() == 7) {
            stopped.stop();
          }
        });
    stopped.run();
    TinyRun second = new TinyRun(7);
    trainer(second).checkpoints(folder).resume();
    assertThat(second.weights()).isEqualTo(whole.weights());
  }

  private static Trainer<TinyRun.Batch> trainer(TinyRun run) {
    return Trainer.of(
            run.model,
            run.optimizer,
            Batches.byLength(
                TinyRun.examples(), 4, 3, e -> (int) (10 + e.y()) & 7, TinyRun::collate),
            run::loss)
        .settings(TrainingSettings.builder().steps(15).seed(2).build());
  }
}
