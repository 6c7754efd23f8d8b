package dev.peft4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.Rng;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PrefetchTest {
  private static final List<Integer> NUMBERS = IntStream.range(0, 23).boxed().toList();

  @TempDir Path folder;

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(t -> t.getName().equals("peft4j-prefetch"))
        .count();
  }

  @Test
  void theSameBatchesInTheSameOrder() {
    Batches<List<Integer>> plain = Batches.shuffled(NUMBERS, 4, 3, List::copyOf);
    try (PrefetchedBatches<List<Integer>> ahead = plain.prefetch(3)) {
      for (long epoch = 0; epoch < 3; epoch++) {
        assertThat(ahead.epoch(epoch)).isEqualTo(plain.epoch(epoch));
      }
      // from the middle, as a run that is resumed
      assertThat(ahead.get(7, 2)).isEqualTo(plain.get(7, 2));
      assertThat(ahead.get(7, 3)).isEqualTo(plain.get(7, 3));
      assertThat(ahead.fingerprint()).isEqualTo(plain.fingerprint());
      assertThat(ahead.examples(0, 5)).isEqualTo(3);
    }
  }

  @Test
  void batchesAreMadeAheadOnAnotherThread() throws Exception {
    AtomicInteger made = new AtomicInteger();
    CountDownLatch three = new CountDownLatch(3);
    List<Thread> makers = new ArrayList<>();
    Batches<Integer> plain =
        Batches.inOrder(
            NUMBERS,
            1,
            some -> {
              synchronized (makers) {
                makers.add(Thread.currentThread());
              }
              made.incrementAndGet();
              three.countDown();
              return some.getFirst();
            });
    try (PrefetchedBatches<Integer> ahead = plain.prefetch(2)) {
      assertThat(made).hasValue(0);
      assertThat(ahead.get(0, 0)).isZero();
      three.await(); // nobody asked for the other two
      Thread.sleep(50);
      assertThat(made).hasValue(3);
      assertThat(makers).doesNotContain(Thread.currentThread());
    }
  }

  @Test
  void whatGoesWrongIsThrownToWhoAsks() {
    AtomicInteger tries = new AtomicInteger();
    Batches<Integer> plain =
        Batches.inOrder(
            NUMBERS,
            1,
            some -> {
              if (some.getFirst() == 2 && tries.incrementAndGet() == 1) {
                throw new UnsupportedOperationException("no " + some);
              }
              return some.getFirst();
            });
    try (PrefetchedBatches<Integer> ahead = plain.prefetch(5)) {
      assertThat(ahead.get(0, 0)).isZero();
      assertThat(ahead.get(0, 1)).isEqualTo(1);
      assertThatThrownBy(() -> ahead.get(0, 2))
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessage("no [2]");
      assertThat(ahead.get(0, 2)).isEqualTo(2);
      assertThatThrownBy(() -> ahead.get(0, 23)).isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void closedItLeavesNoThread() throws Exception {
    long before = threads();
    CountDownLatch begun = new CountDownLatch(1);
    Batches<Integer> slow =
        Batches.inOrder(
            NUMBERS,
            1,
            some -> {
              begun.countDown();
              try {
                Thread.sleep(Duration.ofMinutes(5));
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
              return 0;
            });
    PrefetchedBatches<Integer> ahead = slow.prefetch(2);
    List<Throwable> seen = new ArrayList<>();
    Thread waits =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    ahead.get(0, 0);
                  } catch (RuntimeException e) {
                    seen.add(e);
                  }
                });
    begun.await();
    ahead.close();
    waits.join();
    assertThat(seen).singleElement().isInstanceOf(IllegalStateException.class);
    assertThat(threads()).isEqualTo(before);
    assertThatThrownBy(() -> ahead.get(0, 1)).hasMessage("these prefetched batches are closed");
    ahead.close();
    assertThatThrownBy(() -> slow.prefetch(0)).hasMessageContaining("must be at least 1");
  }

  @Test
  void randomNumbersFollowFromTheBatch() {
    Batches<Long> plain = Batches.inOrder(NUMBERS, 5, some -> Rng.current().nextLong());
    try (PrefetchedBatches<Long> one = plain.prefetch(1);
        PrefetchedBatches<Long> two = plain.prefetch(4)) {
      assertThat(two.get(1, 3)).isEqualTo(one.get(1, 3));
      assertThat(two.epoch(0)).isEqualTo(one.epoch(0)).doesNotHaveDuplicates();
    }
  }

  /** Stopped in the middle, gone on with from its checkpoint: the bits of a run without. */
  @Test
  void aRunGoesOnFromItsCheckpoint() throws IOException {
    TinyRun whole = new TinyRun(7);
    KilledRun.trainer(whole).settings(TinyRun.unsaved(KilledRun.SETTINGS)).run();
    TinyRun first = new TinyRun(7);
    try (PrefetchedBatches<TinyRun.Batch> data = TinyRun.batches().prefetch(2)) {
      Trainer<TinyRun.Batch> trainer = trainer(first, data);
      trainer.listener(
          e -> {
            if (e instanceof TrainingEvent.Step s && s.state().step() == 8) {
              trainer.stop();
            }
          });
      assertThat(trainer.run().reason()).isEqualTo(StopReason.STOPPED);
    }
    TinyRun second = new TinyRun(7);
    try (PrefetchedBatches<TinyRun.Batch> data = TinyRun.batches().prefetch(3)) {
      assertThat(trainer(second, data).resume().state().step()).isEqualTo(20);
    }
    assertThat(second.weights()).isEqualTo(whole.weights());
  }

  private Trainer<TinyRun.Batch> trainer(TinyRun run, Batches<TinyRun.Batch> data) {
    return Trainer.of(run.model, run.optimizer, data, run::loss)
        .settings(KilledRun.SETTINGS)
        .evaluator(Evaluator.meanLoss(TinyRun.batches(), run::plainLoss))
        .checkpoints(folder);
  }
}
