package dev.peft4j.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.Rng;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SplitTest {
  private static List<Integer> numbers(int n) {
    return IntStream.range(0, n).boxed().toList();
  }

  /** The sizes of scikit-learn's train_test_split. */
  @Test
  void sizes() {
    assertThat(Split.shuffled(numbers(11), 0.2, 1).test()).hasSize(3);
    assertThat(Split.shuffled(numbers(10), 0.25, 1).test()).hasSize(3);
    assertThat(Split.shuffled(numbers(100), 0.2, 1).test()).hasSize(20);
    assertThat(Split.shuffled(numbers(1000), 0.333, 1).test()).hasSize(333);
    assertThat(Split.shuffled(numbers(70), 0.1, 1).test())
        .hasSize(7); // 0.1 * 70 is 7.000000000000001
    assertThat(Split.shuffled(numbers(2), 0.5, 1).train()).hasSize(1);
    assertThat(Split.shuffled(numbers(5), 1e-12, 1).test()).hasSize(1);
  }

  @Test
  void everythingIsInOnePartAndTheSeedDecides() {
    Split<Integer> split = Split.shuffled(numbers(50), 0.3, 7);
    List<Integer> all = new ArrayList<>(split.train());
    all.addAll(split.test());
    assertThat(all).doesNotHaveDuplicates().hasSize(50);
    assertThat(split.test()).isNotEqualTo(numbers(50).subList(35, 50));
    assertThat(Split.shuffled(numbers(50), 0.3, 7)).isEqualTo(split);
    assertThat(Split.shuffled(numbers(50), 0.3, 8)).isNotEqualTo(split);
    assertThat(Split.inOrder(numbers(5), 0.4))
        .isEqualTo(new Split<>(List.of(0, 1, 2), List.of(3, 4)));
  }

  @Test
  void classesKeepTheirShare() {
    // 90 of a, 9 of b, 6 of c
    List<String> data = new ArrayList<>(Collections.nCopies(90, "a"));
    data.addAll(Collections.nCopies(9, "b"));
    data.addAll(Collections.nCopies(6, "c"));
    Split<String> split = Split.stratified(new Rng(3).shuffled(data), s -> s, 1 / 3.0, 5);
    assertThat(split.test()).hasSize(35);
    assertThat(Collections.frequency(split.test(), "a")).isEqualTo(30);
    assertThat(Collections.frequency(split.test(), "b")).isEqualTo(3);
    assertThat(Collections.frequency(split.test(), "c")).isEqualTo(2);
    assertThat(split.train()).hasSize(70);
    assertThat(split.train().subList(0, 60)).contains("b");
  }

  @Test
  void everyClassIsInBothParts() {
    Rng rng = new Rng(1);
    for (int round = 0; round < 500; round++) {
      List<Integer> data = new ArrayList<>();
      int classes = 1 + (int) (rng.nextDouble() * 6);
      for (int c = 0; c < classes; c++) {
        data.addAll(Collections.nCopies(2 + (int) (rng.nextDouble() * (c == 0 ? 200 : 6)), c));
      }
      double share = 0.05 + 0.9 * rng.nextDouble();
      int test = (int) Math.ceil(share * data.size());
      if (Math.min(test, data.size() - test) < classes) {
        continue;
      }
      Split<Integer> split = Split.stratified(data, i -> i, share, round);
      assertThat(split.test()).hasSize(test);
      assertThat(split.train()).hasSize(data.size() - test);
      for (int c = 0; c < classes; c++) {
        assertThat(split.test()).contains(c);
        assertThat(split.train()).contains(c);
      }
    }
  }

  @Test
  void whatIsWrongIsSaid() {
    wrong(() -> Split.shuffled(numbers(10), 0, 1), "the share to test on is 0.0");
    wrong(() -> Split.shuffled(numbers(10), 20, 1), "must be between 0 and 1");
    wrong(() -> Split.shuffled(numbers(10), Double.NaN, 1), "NaN");
    wrong(() -> Split.shuffled(numbers(1), 0.5, 1), "leaves 0 to train on");
    wrong(() -> Split.shuffled(List.of(), 0.5, 1), "of 0 examples");
    wrong(
        () -> Split.stratified(List.of("a", "a", "a", "b"), s -> s, 0.5, 1),
        "the class 'b' has one example");
    wrong(
        () -> Split.stratified(List.of("a", "a", "b", "b", "c", "c"), s -> s, 0.1, 1),
        "a part would have 1 of 6 examples, fewer than the 3 classes");
  }

  private static void wrong(Runnable call, String message) {
    assertThatThrownBy(call::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
