package dev.peft4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.Rng;
import dev.peft4j.train.Batches;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Batches made in advance are those that would be made when they are wanted. */
class NextBatchesTest {
  private final List<String> madeBy = Collections.synchronizedList(new ArrayList<>());

  private NextBatches<String> batches(Function<List<Integer>, String> collate) {
    return new NextBatches<>(
        Batches.inOrder(
            List.of(0, 1, 2, 3),
            1,
            some -> {
              madeBy.add(Thread.currentThread().getName());
              return collate.apply(some);
            }));
  }

  @Test
  void anExpectedOneIsMadeByAnotherThreadOnce() {
    NextBatches<String> next = batches(Object::toString);
    next.expect(0, 2);
    next.expect(0, 2);
    next.expect(0, 9); // there is none
    assertThat(next.get(0, 2)).isEqualTo("[2]");
    assertThat(madeBy).containsExactly("peft4j-next-batches");
    assertThat(next.get(0, 3)).isEqualTo("[3]");
    assertThat(madeBy.getLast()).isEqualTo(Thread.currentThread().getName());
  }

  @Test
  void oneThatDrawsIsMadeWithTheNumbersOfItsPlace() {
    NextBatches<String> next = batches(some -> some + " " + Rng.current().nextLong());
    next.expect(0, 1);
    String expected = Rng.with(5, () -> "[1] " + Rng.current().nextLong());
    assertThat(Rng.with(5, () -> next.get(0, 1))).isEqualTo(expected);
  }

  @Test
  void whatCannotBeMadeSaysSoWhenItIsWanted() {
    NextBatches<String> next =
        batches(
            some -> {
              throw new IllegalArgumentException("no batch " + some);
            });
    next.expect(0, 1);
    assertThatThrownBy(() -> next.get(0, 1)).hasMessage("no batch [1]");
  }
}
