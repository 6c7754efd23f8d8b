package dev.peft4j.tuner;

import static dev.peft4j.tuner.NetWithDropout.STEPS;
import static dev.peft4j.tuner.NetWithDropout.assertSame;
import static dev.peft4j.tuner.NetWithDropout.batch;
import static dev.peft4j.tuner.NetWithDropout.loop;
import static dev.peft4j.tuner.NetWithDropout.model;
import static dev.peft4j.tuner.NetWithDropout.of;
import static dev.peft4j.tuner.NetWithDropout.weights;
import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.data.Rng;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Evaluator;
import dev.peft4j.train.Every;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingSettings;
import dev.peft4j.tuner.NetWithDropout.Net;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One adapter is trained, others serve or are trained too, on one base with dropout: served results
 * are those of evaluation mode, and trained weights those of the run alone, bit by bit.
 */
class TrainWhileServingTest {
  @TempDir Path folder;
  private final List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());

  private Trainer<Tensor> trainer(AdaptedModel<Net> m, String adapter) {
    Batches<Tensor> data =
        Batches.shuffled(IntStream.range(0, 10).boxed().toList(), 1, 1, l -> batch(l.getFirst()));
    return Trainer.of(
            m,
            AdamW.of(of(m, adapter), 1e-2f),
            data,
            x -> m.withAdapter(adapter, () -> m.model().forward(x)).square().mean())
        .settings(TrainingSettings.builder().steps(STEPS).evaluate(Every.steps(7)).build())
        .evaluator(
            Evaluator.meanLoss(
                data, x -> m.withAdapter(adapter, () -> m.model().forward(x)).square().mean()));
  }

  private Thread start(Runnable body) {
    return Thread.ofPlatform()
        .start(
            () -> {
              try {
                body.run();
              } catch (RuntimeException | Error e) {
                failures.add(e);
              }
            });
  }

  /** Runs {@code body} while four threads call with the adapter s. */
  private void whileServing(AdaptedModel<Net> m, Runnable said, Runnable body)
      throws InterruptedException {
    Tensor x = batch(99);
    float[] expected = m.withAdapter("s", () -> m.model().forward(x)).toFloats();
    AtomicBoolean stop = new AtomicBoolean();
    AtomicInteger wrong = new AtomicInteger();
    AtomicInteger calls = new AtomicInteger();
    List<Thread> servers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      servers.add(
          start(
              () -> {
                while (!stop.get()) {
                  said.run();
                  float[] y = m.withAdapter("s", () -> m.model().forward(x)).toFloats();
                  wrong.addAndGet(Arrays.equals(y, expected) ? 0 : 1);
                  calls.incrementAndGet();
                }
              }));
    }
    body.run();
    stop.set(true);
    for (Thread t : servers) {
      t.join();
    }
    assertThat(failures).isEmpty();
    assertThat(calls).hasPositiveValue();
    assertThat(wrong).hasValue(0);
  }

  private static List<float[]> alone(
      java.util.function.Consumer<AdaptedModel<Net>> training, String adapter) {
    AdaptedModel<Net> m = model();
    training.accept(m);
    return weights(m, adapter);
  }

  @Test
  void aTrainerWhileOthersServe() throws InterruptedException {
    List<float[]> alone = alone(m -> trainer(m, "t").run(), "t");
    AdaptedModel<Net> m = model();
    m.model().eval();
    whileServing(m, () -> {}, () -> trainer(m, "t").run());
    assertSame(weights(m, "t"), alone);
    assertThat(m.model().training()).isFalse();
  }

  /** Nobody has called eval(): calls of others are noisy, but draw from other numbers. */
  @Test
  void aTrainerWhileOthersDrawToo() throws InterruptedException {
    List<float[]> alone = alone(m -> trainer(m, "t").run(), "t");
    AdaptedModel<Net> m = model();
    AtomicBoolean stop = new AtomicBoolean();
    Thread other =
        start(
            () -> {
              while (!stop.get()) {
                m.call(n -> n.forward(batch(1)).toFloats());
              }
            });
    trainer(m, "t").run();
    stop.set(true);
    other.join();
    assertThat(failures).isEmpty();
    assertSame(weights(m, "t"), alone);
  }

  @Test
  void aLoopWhileOthersServeAndSaySo() throws InterruptedException {
    List<float[]> alone = alone(m -> loop(m, "t"), "t");
    for (boolean byModule : new boolean[] {true, false}) {
      AdaptedModel<Net> m = model();
      m.eval();
      whileServing(
          m,
          byModule ? () -> m.model().eval() : m::eval,
          () -> {
            if (byModule) {
              m.model().train();
            } else {
              m.train();
            }
            loop(m, "t");
            assertThat(m.training()).isTrue();
          });
      assertSame(weights(m, "t"), alone);
      m.eval();
      assertThat(m.training()).isFalse();
    }
  }

  @Test
  void twoTrainersOfOneModel() throws InterruptedException {
    together(m -> trainer(m, "t").run(), m -> trainer(m, "u").run());
  }

  @Test
  void twoLoopsOfOneModel() throws InterruptedException {
    together(m -> loop(m, "t"), m -> loop(m, "u"));
  }

  private void together(
      java.util.function.Consumer<AdaptedModel<Net>> one,
      java.util.function.Consumer<AdaptedModel<Net>> two)
      throws InterruptedException {
    List<float[]> t = alone(one, "t");
    List<float[]> u = alone(two, "u");
    AdaptedModel<Net> m = model();
    m.withAdapter("u", () -> m.model().forward(batch(0)).toFloats());
    AdaptedModel<Net> both = model();
    CyclicBarrier barrier = new CyclicBarrier(2);
    Thread other =
        start(
            () -> {
              await(barrier);
              two.accept(both);
            });
    await(barrier);
    one.accept(both);
    other.join();
    assertThat(failures).isEmpty();
    assertSame(weights(both, "t"), t);
    assertSame(weights(both, "u"), u);
  }

  @Test
  void twoModelsOfOneBase() throws InterruptedException {
    List<float[]> alone = alone(m -> loop(m, "t"), "t");
    Net net = Rng.with(1, Net::new);
    AdaptedModel<Net> a = model(net);
    AdaptedModel<Net> b = model(net);
    Thread other = start(() -> loop(a, "t"));
    loop(b, "t");
    other.join();
    assertThat(failures).isEmpty();
    assertSame(weights(a, "t"), alone);
    assertSame(weights(b, "t"), alone);
  }

  private static void await(CyclicBarrier barrier) {
    try {
      barrier.await();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** A run that was stopped and goes on in another model, while others draw. */
  @Test
  void aResumedRunIsTheSame() throws InterruptedException {
    List<float[]> alone = alone(m -> trainer(m, "t").run(), "t");
    AdaptedModel<Net> first = model();
    Trainer<Tensor> stopped = trainer(first, "t").checkpoints(folder);
    stopped.listener(
        e -> {
          if (e.state().step() == STEPS / 2) {
            stopped.stop();
          }
        });
    stopped.run();
    AdaptedModel<Net> m = model();
    m.eval();
    whileServing(m, () -> {}, () -> trainer(m, "t").checkpoints(folder).resume());
    assertSame(weights(m, "t"), alone);
  }
}
