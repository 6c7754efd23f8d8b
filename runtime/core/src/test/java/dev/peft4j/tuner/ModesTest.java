package dev.peft4j.tuner;

import static dev.peft4j.tuner.NetWithDropout.STEPS;
import static dev.peft4j.tuner.NetWithDropout.assertSame;
import static dev.peft4j.tuner.NetWithDropout.batch;
import static dev.peft4j.tuner.NetWithDropout.loop;
import static dev.peft4j.tuner.NetWithDropout.loss;
import static dev.peft4j.tuner.NetWithDropout.model;
import static dev.peft4j.tuner.NetWithDropout.of;
import static dev.peft4j.tuner.NetWithDropout.weights;
import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Module;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.tuner.NetWithDropout.Net;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Training and evaluation mode belong to an adapted model and a thread. */
class ModesTest {
  private final List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());

  @AfterEach
  void noThreadFailed() {
    assertThat(failures).isEmpty();
  }

  @Test
  void aModesOwner() throws InterruptedException {
    Net net = Rng.with(1, Net::new);
    AdaptedModel<Net> a = model(net);
    AdaptedModel<Net> b = model(net);
    assertThat(a.training()).isTrue(); // as torch's new modules are
    a.eval();
    assertThat(a.training()).isFalse();
    assertThat(b.training()).isTrue();
    assertThat(a.<Boolean>call(Module::training)).isFalse();
    assertThat(b.<Boolean>call(Module::training)).isTrue();
    b.eval();
    a.train();
    assertThat(b.training()).isFalse();
    boolean[] elsewhere = new boolean[1];
    Thread other =
        start(
            () -> {
              elsewhere[0] = a.training();
              a.eval();
            });
    other.join();
    assertThat(elsewhere[0]).isFalse();
    assertThat(a.training()).isTrue(); // of this thread, which has said so
    assertThat(a.<Boolean>call(n -> n.dropout.training())).isTrue();
    a.eval();
    assertThat(a.training()).isFalse();
  }

  /** A loop that has said nothing about modes keeps its dropout when others begin to serve. */
  @Test
  void evaluationElsewhereDoesNotReachAThreadThatTrains() throws InterruptedException {
    AdaptedModel<Net> alone = model();
    loop(alone, "t");
    AdaptedModel<Net> m = model();
    Optimizer optimizer = AdamW.of(of(m, "t"), 1e-2f);
    for (int i = 0; i < STEPS; i++) {
      loss(m, "t", i).get().backward();
      optimizer.step();
      assertThat(m.training()).isTrue();
      if (i == 0) {
        start(m::eval).join();
      }
      if (i == 1) {
        start(() -> m.model().eval()).join();
      }
    }
    assertSame(weights(m, "t"), weights(alone, "t"));
    boolean[] elsewhere = new boolean[1];
    start(() -> elsewhere[0] = m.training()).join();
    assertThat(elsewhere[0]).isFalse(); // threads that do not train are in evaluation mode
    m.eval();
    assertThat(m.training()).isFalse();
    assertThat(failures).isEmpty();
  }

  /** Neither train() nor eval() of one adapted model reaches another of the same base. */
  @Test
  void theModesOfTwoModelsOfOneBaseAreApart() throws InterruptedException {
    Net net = Rng.with(1, Net::new);
    AdaptedModel<Net> a = model(net);
    AdaptedModel<Net> b = model(net);
    Supplier<float[]> outputOfB = () -> b.call(n -> n.forward(batch(3)).toFloats());
    b.eval();
    float[] evaluated = outputOfB.get();
    a.train();
    assertThat(outputOfB.get()).isEqualTo(evaluated);
    start(a::train).join();
    assertThat(outputOfB.get()).isEqualTo(evaluated);
    AdamW ofA = AdamW.of(of(a, "t"), 0f);
    a.call(n -> n.forward(batch(1)).square().mean()).backward();
    ofA.step();
    assertThat(outputOfB.get()).isEqualTo(evaluated);
    b.train();
    assertThat(outputOfB.get()).isNotEqualTo(evaluated);
    a.eval();
    assertThat(b.training()).isTrue();
    assertThat(outputOfB.get()).isNotEqualTo(evaluated);
    assertThat(a.training()).isFalse();
    assertThat(failures).isEmpty();
  }

  @Test
  void aCallKeepsItsMode() throws InterruptedException {
    AdaptedModel<Net> m = model();
    boolean kept =
        m.call(
            n -> {
              Thread other = start(m::eval);
              join(other);
              return n.dropout.training();
            });
    assertThat(kept).isTrue();
    m.eval();
    boolean changed = m.call(n -> n.train().training());
    assertThat(changed).isTrue();
  }

  private static void join(Thread t) {
    try {
      t.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void theThreadThatMadeTheModelKeepsItsMode() throws InterruptedException {
    AdaptedModel<Net> m = model();
    boolean[] elsewhere = new boolean[1];
    join(
        start(
            () -> {
              m.eval();
              elsewhere[0] = m.training();
            }));
    assertThat(elsewhere[0]).isFalse();
    assertThat(m.training()).isTrue();
    assertThat(m.model().dropout.training()).isTrue();
    m.eval();
    assertThat(m.training()).isFalse();
  }

  @Test
  void apartOfTheModelMayHaveAnotherMode() {
    AdaptedModel<Net> m = model();
    m.model().dropout.eval();
    assertThat(m.model().training()).isTrue();
    assertThat(m.model().dropout.training()).isFalse();
    m.train();
    assertThat(m.model().dropout.training()).isTrue();
    m.eval();
    m.model().dropout.train();
    assertThat(m.model().dropout.training()).isTrue();
    assertThat(m.model().training()).isFalse();
    m.adapters().unload();
    assertThat(m.model().training()).isTrue(); // the module's own: nobody told it otherwise
  }

  @Test
  void anOrdinaryModulesModeIsForEveryThread() throws InterruptedException {
    Net net = Rng.with(1, Net::new);
    join(start(net::eval));
    assertThat(net.training()).isFalse();
    net.train();
    boolean[] elsewhere = new boolean[1];
    join(start(() -> elsewhere[0] = net.dropout.training()));
    assertThat(elsewhere[0]).isTrue();
  }

  /**
   * A thread that has used the model keeps its mode, whatever another asks for; it is told once.
   */
  @Test
  void evaluationElsewhereDoesNotReachAThreadThatUsesTheModel() throws InterruptedException {
    AdaptedModel<Net> m = model();
    CyclicBarrier barrier = new CyclicBarrier(2);
    boolean[] seen = new boolean[3];
    Thread user =
        start(
            () -> {
              seen[0] = m.training();
              await(barrier);
              await(barrier);
              seen[1] = m.training();
              m.eval();
              seen[2] = m.training();
            });
    await(barrier);
    m.eval();
    await(barrier);
    join(user);
    assertThat(seen).containsExactly(true, true, false);
  }

  /** Helpers of an evaluation evaluate; a thread that has used the model before keeps its mode. */
  @Test
  void anEvaluationReachesThreadsThatAreNewToTheModel() throws InterruptedException {
    AdaptedModel<Net> m = model();
    boolean[] seen = new boolean[3];
    CyclicBarrier barrier = new CyclicBarrier(2);
    Thread user =
        start(
            () -> {
              seen[0] = m.training();
              await(barrier);
              await(barrier);
              seen[1] = m.training();
            });
    await(barrier);
    boolean ofHelper =
        m.adapters()
            .evaluating(
                () -> {
                  await(barrier);
                  join(user);
                  join(start(() -> seen[2] = m.training()));
                  return seen[2];
                });
    assertThat(ofHelper).isFalse();
    assertThat(seen).containsExactly(true, true, false);
    join(start(() -> seen[2] = m.training()));
    assertThat(seen[2]).isTrue();
  }

  /** Threads that have ended leave nothing behind. */
  @Test
  void manyThreads() throws InterruptedException {
    AdaptedModel<Net> m = model();
    Set<Boolean> seen = ConcurrentHashMap.newKeySet();
    for (int i = 0; i < 1_000; i++) {
      join(Thread.ofVirtual().start(() -> seen.add(m.training())));
    }
    assertThat(seen).containsExactly(true);
    m.eval();
    boolean[] later = {true};
    join(Thread.ofVirtual().start(() -> later[0] = m.training()));
    assertThat(later[0]).isFalse();
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

  private static void await(CyclicBarrier barrier) {
    try {
      barrier.await();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
