package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.annotation.Bias;
import dev.peft4j.data.Rng;
import dev.peft4j.fuzz.Attack;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.ia3.Ia3Config;
import dev.peft4j.tuner.lora.LoraConfig;
import dev.peft4j.tuner.tokens.TrainableTokensConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Calls on other threads while an adapter is trained: each sees the weights of one step, whole. */
class WholeStepsTest {
  static final class Texts extends Module {
    final Embedding tokens = new Embedding(12, 32);
    final Linear up = new Linear(32, 64);
    final Linear down = new Linear(64, 8);
    final Linear score = new Linear(8, 3);

    /** ids (n), result (n, 3). */
    Tensor forward(Tensor ids) {
      return score.forward(down.forward(up.forward(tokens.forward(ids)).relu()));
    }
  }

  enum Kind {
    LORA(lora().build()),
    DORA(lora().dora(true).build()),
    SAVED_AND_BIASES(lora().bias(Bias.ALL).modulesToSave("score").build()),
    TOKENS_BESIDE(lora().trainableTokens("tokens", 1, 2, 3).build()),
    IA3(Ia3Config.builder().targets("up", "down").feedforward("down").build()),
    TOKENS(new TrainableTokensConfig(List.of(1, 2, 3), true, TargetSpec.of("tokens"), null, null));

    final PeftConfig config;

    Kind(PeftConfig config) {
      this.config = config;
    }
  }

  private static final Tensor X = Tensor.of(new long[] {0, 1, 2, 3});

  @TempDir Path folder;
  private final Texts net = Rng.with(1, Texts::new);
  private final Set<Integer> right = Collections.synchronizedSet(new HashSet<>());
  private final List<Integer> found = Collections.synchronizedList(new ArrayList<>());
  private final List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());

  private static LoraConfig.Builder lora() {
    return LoraConfig.builder().targets("up", "down").r(4);
  }

  private AdaptedModel<Texts> model(PeftConfig config) {
    return Rng.with(2, () -> PeftModel.of(net, config, "t"));
  }

  private static int hash(Tensor y) {
    return Arrays.hashCode(y.toFloats());
  }

  private void know(Supplier<Tensor> call) {
    right.add(hash(call.get()));
  }

  /** Makes steps while other threads call; all they find has to be known afterwards. */
  private void attack(
      int steps, Optimizer optimizer, Supplier<Tensor> call, List<Supplier<Tensor>> others)
      throws InterruptedException {
    attack(
        steps,
        () -> {
          call.get().sub(1).square().mean().backward();
          optimizer.step();
        },
        call,
        others);
  }

  private void attack(
      int steps, Runnable step, Supplier<Tensor> call, List<Supplier<Tensor>> others)
      throws InterruptedException {
    know(call);
    AtomicBoolean stop = new AtomicBoolean();
    CountDownLatch begun = new CountDownLatch(others.size());
    List<Thread> threads = new ArrayList<>();
    for (Supplier<Tensor> other : others) {
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    while (!stop.get()) {
                      try {
                        found.add(hash(other.get()));
                      } catch (RuntimeException | Error e) {
                        failures.add(e);
                      }
                      begun.countDown();
                    }
                  }));
    }
    begun.await();
    for (int i = 0; i < steps; i++) {
      step.run();
      know(call);
    }
    stop.set(true);
    for (Thread t : threads) {
      t.join();
    }
    assertThat(failures).isEmpty();
    assertThat(found).isNotEmpty().isSubsetOf(right);
    assertThat(right).hasSizeGreaterThan(steps / 2);
  }

  @ParameterizedTest
  @EnumSource
  void everyTunersWeightsAreOneSteps(Kind kind) throws InterruptedException {
    AdaptedModel<Texts> m = model(kind.config);
    List<String> names = Collections.nCopies(4, "t");
    m.eval();
    attack(
        Attack.rounds(80),
        AdamW.of(m.trainableParameters(), 0.02f),
        () -> net.forward(X),
        List.of(
            () -> m.call(n -> n.forward(X)),
            () -> m.withAdapter("t", () -> net.forward(X)),
            () -> Tensor.of(m.<float[]>call(n -> n.forward(X).toFloats()), 4, 3),
            () -> net.forward(X)));
    assertThat(m.adapters().perSample(names, () -> net.forward(X)).toFloats()).hasSize(12);
  }

  @Test
  void ofABatchWithAnAdapterForEachSample() throws InterruptedException {
    AdaptedModel<Texts> m = model(Kind.LORA.config);
    Rng.with(
        3,
        () -> {
          m.adapters().addMatching("u", Kind.LORA.config);
          return true;
        });
    m.eval();
    List<String> names = List.of("t", "u", AdapterSet.BASE, "t");
    Supplier<Tensor> batch = () -> m.adapters().perSample(names, () -> net.forward(X));
    Optimizer optimizer = AdamW.of(m.trainableParameters(), 0.02f);
    attack(
        Attack.rounds(80),
        () -> {
          net.forward(X).square().mean().backward();
          optimizer.step();
        },
        batch,
        List.of(batch, batch));
  }

  @Test
  void ofAllThatTheOptimizerTrains() throws InterruptedException {
    AdaptedModel<Texts> m = model(Kind.SAVED_AND_BIASES.config);
    Rng.with(
        3,
        () -> {
          m.adapters().addMatching("u", lora().build());
          return true;
        });
    m.eval();
    List<Parameter> all = new ArrayList<>(m.trainableParameters());
    m.adapters().unfreeze("u");
    net.tokens.unfreeze(); // the base's own
    all.addAll(m.trainableParameters());
    all.add(net.tokens.weight());
    all = all.stream().distinct().toList();
    Supplier<Tensor> both = () -> m.adapters().with(List.of("t", "u"), () -> net.forward(X));
    know(both); // calls before there is an optimizer
    attack(
        Attack.rounds(60),
        AdamW.of(all, 0.02f),
        both,
        List.of(both, both, () -> Tensor.of(both.get().toFloats(), 4, 3)));
  }

  @Test
  void ofAnOrdinaryModel() throws InterruptedException {
    know(() -> net.forward(X));
    attack(
        Attack.rounds(80),
        AdamW.of(net.parameters(), 0.01f),
        () -> net.forward(X),
        List.of(() -> net.forward(X), () -> net.forward(X)));
  }

  @Test
  void whileWeightsAreLoadedAndValuesAreSet() throws InterruptedException {
    AdaptedModel<Texts> m = model(Kind.LORA.config);
    m.eval();
    Optimizer optimizer = AdamW.of(m.trainableParameters(), 0.02f);
    net.forward(X).square().mean().backward();
    optimizer.step();
    m.save(folder);
    int[] n = {0};
    attack(
        Attack.rounds(60),
        () -> {
          net.forward(X).square().mean().backward();
          optimizer.step();
          know(() -> net.forward(X));
          if (n[0]++ % 3 == 0) {
            m.load(folder);
            know(() -> net.forward(X));
          }
          Parameter p = optimizer.parameters().getLast();
          p.set(new Rng(n[0]).normal(p.shape().size(), 0, 0.1f));
        },
        () -> net.forward(X),
        List.of(() -> net.forward(X), () -> m.call(t -> t.forward(X))));
  }

  /** Whoever saves or merges meanwhile takes the weights of one step. */
  @Test
  void whatIsSavedAndMergedIsOfOneStep() throws InterruptedException, IOException {
    AdaptedModel<Texts> m = model(Kind.LORA.config);
    AdaptedModel<Texts> copy =
        Rng.with(5, () -> PeftModel.of(Rng.with(1, Texts::new), lora().build(), "t"));
    m.eval();
    copy.eval();
    Supplier<Tensor> saved =
        () -> {
          m.adapters().save(folder, "t");
          try {
            copy.adapters().hotSwap("t", AdapterFolder.read(folder, "t").tensors());
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
          return copy.call(n -> n.forward(X));
        };
    attack(
        Attack.rounds(40),
        AdamW.of(m.trainableParameters(), 0.02f),
        () -> net.forward(X),
        List.of(saved));
  }

  /** What is made of adapters that are in training is made of the weights of one step. */
  @Test
  void whatIsCombinedIsOfOneStep() throws InterruptedException {
    LoraConfig unscaled = lora().alpha(4).build(); // so that combining one adapter is exact
    AdaptedModel<Texts> m = model(unscaled);
    m.eval();
    Supplier<Tensor> combined =
        () -> {
          m.adapters()
              .addWeighted(
                  "w", List.of("t"), List.of(1.0), Combination.of(Combination.Method.LINEAR));
          try {
            return m.withAdapter("w", () -> net.forward(X));
          } finally {
            m.adapters().delete("w");
          }
        };
    attack(
        Attack.rounds(40),
        AdamW.of(m.trainableParameters(), 0.02f),
        () -> m.withAdapter("t", () -> net.forward(X)),
        List.of(combined));
  }

  /** Another thread merges and unmerges what is in training. */
  @Test
  void whatIsMergedIsOfOneStep() throws InterruptedException {
    AdaptedModel<Texts> m = model(lora().build());
    m.eval();
    List<float[]> steps = Collections.synchronizedList(new ArrayList<>());
    List<float[]> merged = Collections.synchronizedList(new ArrayList<>());
    Optimizer optimizer = AdamW.of(m.trainableParameters(), 0.1f);
    AtomicBoolean stop = new AtomicBoolean();
    Thread merging =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!stop.get()) {
                    try {
                      m.merge();
                      merged.add(net.forward(X).toFloats());
                      m.unmerge();
                    } catch (RuntimeException | Error e) {
                      failures.add(e);
                    }
                  }
                });
    // what each step's weights give, seen through a model that nobody merges
    AdaptedModel<Texts> copy =
        Rng.with(5, () -> PeftModel.of(Rng.with(1, Texts::new), lora().build(), "t"));
    copy.eval();
    List<Parameter> own = optimizer.parameters();
    List<Parameter> there = copy.trainableParameters();
    for (int i = 0; i < Attack.rounds(40) || merged.isEmpty(); i++) {
      for (int k = 0; k < own.size(); k++) {
        there.get(k).set(own.get(k).own().toFloats());
      }
      steps.add(copy.call(n -> n.forward(X).toFloats()));
      try {
        m.withAdapter("t", () -> net.forward(X).sub(1).square().mean()).backward();
      } catch (IllegalStateException e) { // merged at that moment, it cannot be trained
        assertThat(e).hasMessageContaining("no trainable parameter");
        continue;
      }
      optimizer.step();
    }
    for (int k = 0; k < own.size(); k++) {
      there.get(k).set(own.get(k).own().toFloats());
    }
    steps.add(copy.call(n -> n.forward(X).toFloats()));
    stop.set(true);
    merging.join();
    assertThat(failures).isEmpty();
    for (float[] y : merged) {
      assertThat(steps).anyMatch(s -> Nets.largestDifference(s, y) < 1e-5f);
    }
    float[] mixed = steps.getFirst().clone();
    mixed[0] += 1e-3f; // steps are further apart than what is taken for equal
    assertThat(steps).noneMatch(s -> Nets.largestDifference(s, mixed) < 1e-5f);
  }

  /** A step within a call is seen by what the call computes after it. */
  @Test
  void aCallThatTrainsSeesItsOwnSteps() {
    AdaptedModel<Texts> m = model(Kind.LORA.config);
    Optimizer optimizer = AdamW.of(m.trainableParameters(), 0.02f);
    float[] before = net.forward(X).toFloats();
    float[] within =
        m.call(
            n -> {
              n.forward(X).square().mean().backward();
              optimizer.step();
              return n.forward(X).toFloats();
            });
    assertThat(within).isNotEqualTo(before).isEqualTo(net.forward(X).toFloats());
  }

  /** Without others, a step takes no new memory; with them, only as long as they compute. */
  @Test
  void aStepWritesIntoTheSameMemoryUnlessAnotherThreadReadsIt() throws InterruptedException {
    AdaptedModel<Texts> m = model(Kind.LORA.config);
    Optimizer optimizer = AdamW.of(m.trainableParameters(), 0.02f);
    Parameter p = optimizer.parameters().getFirst();
    Runnable step =
        () -> {
          net.forward(X).square().mean().backward();
          optimizer.step();
        };
    var memory = p.own();
    step.run();
    step.run();
    assertThat(p.own()).isSameAs(memory);
    Tensor[] theirs = new Tensor[1];
    Thread other = Thread.ofPlatform().start(() -> theirs[0] = net.forward(X));
    other.join();
    float[] old = net.forward(X).toFloats();
    step.run();
    assertThat(p.own()).isNotSameAs(memory);
    step.run();
    step.run();
    var next = p.own();
    step.run();
    assertThat(p.own()).isSameAs(next);
    float[][] read = new float[1][];
    Thread reader = Thread.ofPlatform().start(() -> read[0] = theirs[0].toFloats());
    reader.join();
    assertThat(read[0]).isEqualTo(old);
  }
}
