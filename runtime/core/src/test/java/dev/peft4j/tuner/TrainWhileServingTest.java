package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.data.Rng;
import dev.peft4j.fuzz.Attack;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Evaluator;
import dev.peft4j.train.Every;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingSettings;
import dev.peft4j.tuner.lora.LoraConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One adapter is trained, others serve or are trained too, on one base with dropout: served results
 * are those of evaluation mode, and trained weights those of the run alone, bit by bit.
 */
class TrainWhileServingTest {
  static final class Net extends Module {
    final Linear in = new Linear(12, 24);
    final Dropout dropout = new Dropout(0.3);
    final Linear out = new Linear(24, 4);

    Tensor forward(Tensor x) {
      return out.forward(dropout.forward(in.forward(x).gelu()));
    }
  }

  private static final LoraConfig CONFIG =
      LoraConfig.builder().targets("in", "out").r(4).dropout(0.1).build();
  private static final int STEPS = Attack.rounds(40);

  @TempDir Path folder;
  private final List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());

  private static Tensor batch(long seed) {
    return Tensor.of(new Rng(seed).normal(8 * 12, 0, 1), 8, 12);
  }

  /** A model with the adapters t, which is active, and s and u, which are not. */
  private static AdaptedModel<Net> model(Net net) {
    AdaptedModel<Net> m = Rng.with(1, () -> PeftModel.of(net, CONFIG, "t"));
    for (String name : List.of("s", "u")) {
      Rng.with(
          2,
          () -> {
            m.adapters().addMatching(name, CONFIG);
            return true;
          });
    }
    m.adapters().unfreeze("u");
    return m;
  }

  private static AdaptedModel<Net> model() {
    return model(Rng.with(1, Net::new));
  }

  private static List<Parameter> of(AdaptedModel<Net> m, String adapter) {
    return m.adapters().namedParameters().stream()
        .filter(p -> p.name().contains("." + adapter + "."))
        .map(NamedParameter::parameter)
        .toList();
  }

  private static List<float[]> weights(AdaptedModel<Net> m, String adapter) {
    return of(m, adapter).stream().map(p -> p.own().toFloats()).toList();
  }

  private static Supplier<Tensor> loss(AdaptedModel<Net> m, String adapter, long step) {
    return () -> m.withAdapter(adapter, () -> m.model().forward(batch(step))).square().mean();
  }

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

  /** A loop of one's own. */
  private static void loop(AdaptedModel<Net> m, String adapter) {
    Optimizer optimizer = AdamW.of(of(m, adapter), 1e-2f);
    for (int i = 0; i < STEPS; i++) {
      loss(m, adapter, i).get().backward();
      optimizer.step();
    }
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

  private static void assertSame(List<float[]> found, List<float[]> expected) {
    assertThat(found).hasSameSizeAs(expected).isNotEmpty();
    for (int i = 0; i < found.size(); i++) {
      assertThat(found.get(i)).isEqualTo(expected.get(i));
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

  // ---- modes

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
}
