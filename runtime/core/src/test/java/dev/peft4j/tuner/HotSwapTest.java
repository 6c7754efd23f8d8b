package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.Rng;
import dev.peft4j.graph.StaleTensorException;
import dev.peft4j.io.Adapter;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.io.StateDictException;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.optim.Sgd;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HotSwapTest {
  @TempDir Path folder;
  private final Net net = Net.seeded(1);
  private final Tensor x = Net.input(2, 4);

  private AdaptedModel<Net> model() {
    net.eval();
    return Net.seed(
        3,
        () ->
            PeftModel.of(
                net,
                LoraConfig.builder()
                    .r(2)
                    .targets("q_proj", "out_proj")
                    .modulesToSave("score")
                    .build()));
  }

  private float[] run() {
    return net.forward(x).toFloats();
  }

  /** Other weights for the same adapter. */
  private static Map<String, StoredTensor> other(Map<String, StoredTensor> weights, long seed) {
    Rng rng = new Rng(seed);
    Map<String, StoredTensor> more = new LinkedHashMap<>();
    weights.forEach(
        (k, t) ->
            more.put(
                k, StoredTensor.of(rng.normal(t.shape().size(), 0, 0.5f), t.shape().toArray())));
    return more;
  }

  private Map<String, StoredTensor> saved(PeftModel model, String name) {
    model.adapters().save(folder, name);
    try {
      Adapter a = AdapterFolder.read(folder, name);
      return a.tensors();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static final int CALLS = dev.peft4j.fuzz.Attack.rounds(10_000);

  @Test
  void fromAFolderAndFromWeightsWithoutANewProgram() {
    AdaptedModel<Net> model = model();
    Net.shake(model, "default", 4);
    float[] first = run();
    Map<String, StoredTensor> old = saved(model, "default");
    Counting counting = new Counting();
    counting.run(
        () -> {
          assertThat(run()).isEqualTo(first);
          int programs = counting.compiled();
          assertThat(programs).isEqualTo(1);
          model.adapters().hotSwap("default", other(old, 5));
          float[] second = run();
          assertThat(second).isNotEqualTo(first);
          model.adapters().hotSwap("default", folder);
          assertThat(run()).isEqualTo(first);
          for (int i = 0; i < 20; i++) {
            model.adapters().hotSwap("default", other(old, i));
            run();
          }
          assertThat(counting.compiled()).isEqualTo(programs);
          return true;
        });
  }

  @Test
  void whatDoesNotFitChangesNothing() {
    AdaptedModel<Net> model = model();
    float[] before = run();
    Map<String, StoredTensor> weights = other(saved(model, "default"), 5);
    Map<String, StoredTensor> less = new LinkedHashMap<>(weights);
    less.remove("base_model.model.score.bias");
    less.put("nope", StoredTensor.of(new float[] {1}, 1));
    assertThatThrownBy(() -> model.adapters().hotSwap("default", less))
        .isInstanceOf(StateDictException.class)
        .hasMessageContaining("base_model.model.score.bias")
        .hasMessageContaining("nope");
    Map<String, StoredTensor> shape = new LinkedHashMap<>(weights);
    shape.put("base_model.model.score.bias", StoredTensor.of(new float[4], 4));
    assertThatThrownBy(() -> model.adapters().hotSwap("default", shape))
        .hasMessageContaining("expected (3,), found (4,)");
    assertThatThrownBy(() -> model.adapters().hotSwap("default", folder.resolve("nowhere")))
        .hasMessageContaining("nowhere");
    assertThatThrownBy(() -> model.adapters().hotSwap("other", folder))
        .hasMessageContaining("no adapter named 'other'");
    assertThat(run()).isEqualTo(before);
    model.merge();
    assertThatThrownBy(() -> model.adapters().hotSwap("default", weights))
        .hasMessageContaining("is merged");
  }

  @Test
  void whatWasBuiltBeforeHasTheOldWeightsAndWhatIsBuiltAfterHasTheNew() {
    AdaptedModel<Net> model = model();
    Net.shake(model, "default", 4);
    float[] old = run();
    Tensor before = net.forward(x);
    model.adapters().hotSwap("default", other(saved(model, "default"), 5));
    Tensor after = net.forward(x);
    float[] difference = after.sub(before).toFloats();
    assertThat(before.toFloats()).isEqualTo(old);
    assertThat(after.toFloats()).isNotEqualTo(old);
    for (int i = 0; i < difference.length; i++) {
      assertThat(difference[i]).isEqualTo(after.toFloats()[i] - old[i]);
    }
  }

  @Test
  void aCallThatReadsInBetweenKeepsItsWeights() {
    AdaptedModel<Net> model = model();
    Net.shake(model, "default", 4);
    Map<String, StoredTensor> next = other(saved(model, "default"), 5);
    float[] old = run();
    float[] halfway =
        model.call(
            m -> {
              Tensor y = m.layers.get(0).forward(x);
              y.toFloats();
              inAnotherThread(() -> model.adapters().hotSwap("default", next));
              return m.score.forward(m.layers.get(1).forward(y)).toFloats();
            });
    assertThat(halfway).isEqualTo(old);
    assertThat(run()).isNotEqualTo(old);
  }

  @Test
  void aGraphThatIsBeingBuiltMeanwhileHasTheWeightsItBeganWith() {
    AdaptedModel<Net> model = model();
    Net.shake(model, "default", 4);
    Map<String, StoredTensor> next = other(saved(model, "default"), 5);
    float[] old = run();
    Tensor y = net.layers.get(0).forward(x);
    inAnotherThread(() -> model.adapters().hotSwap("default", next));
    assertThat(net.score.forward(net.layers.get(1).forward(y)).toFloats()).isEqualTo(old);
    assertThat(run()).isNotEqualTo(old);
  }

  private static void inAnotherThread(Runnable body) {
    Thread t = new Thread(body);
    t.start();
    try {
      t.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aStepFromOldWeightsIsNotMadeOnNewOnes() {
    AdaptedModel<Net> model = model();
    Net.shake(model, "default", 4);
    Sgd optimizer = Sgd.of(model.trainableParameters(), 0.1f);
    net.forward(x).square().mean().backward();
    model.adapters().hotSwap("default", other(saved(model, "default"), 5));
    assertThatThrownBy(optimizer::step).isInstanceOf(StaleTensorException.class);
    optimizer.zeroGrad();
    net.forward(x).square().mean().backward();
    optimizer.step();
  }

  @Test
  void trainingGoesOnAfterASwap() {
    AdaptedModel<Net> model = model();
    Map<String, StoredTensor> next = other(saved(model, "default"), 5);
    model.adapters().hotSwap("default", next);
    Sgd optimizer = Sgd.of(model.trainableParameters(), 0.1f);
    float[] before = run();
    net.forward(x).square().mean().backward();
    optimizer.step();
    assertThat(run()).isNotEqualTo(before);
    assertThat(next.get("base_model.model.score.bias").storage().toFloats())
        .isNotEqualTo(
            saved(model, "default").get("base_model.model.score.bias").storage().toFloats());
  }

  /**
   * 8 threads, 3 adapters, 10,000 calls; meanwhile one adapter's weights change and another adapter
   * comes and goes.
   */
  @Test
  void concurrentCalls() throws InterruptedException, ExecutionException {
    AdaptedModel<Net> model = model();
    Net.shake(model, "default", 4);
    Net.seed(
        5,
        () -> {
          model.adapters().addMatching("b", Net.lora("q_proj"));
          model.adapters().addMatching("c", Net.lora("out_proj"));
          return true;
        });
    Map<String, StoredTensor> even = saved(model, "default");
    Map<String, StoredTensor> odd = other(even, 6);
    List<Tensor> inputs = new ArrayList<>();
    List<float[]> b = new ArrayList<>();
    List<float[]> c = new ArrayList<>();
    List<List<float[]>> swapped = new ArrayList<>();
    List<List<float[]>> mixed = new ArrayList<>();
    List<String> names = List.of("b", "__base__", "default", "c");
    for (int i = 0; i < 16; i++) {
      inputs.add(Net.input(100 + i, 4));
    }
    for (Map<String, StoredTensor> weights : List.of(odd, even)) {
      model.adapters().hotSwap("default", weights);
      swapped.add(inputs.stream().map(in -> net.forward(in).toFloats()).toList());
      mixed.add(
          inputs.stream()
              .map(in -> model.adapters().perSample(names, () -> net.forward(in).toFloats()))
              .toList());
    }
    inputs.forEach(
        in -> {
          b.add(model.withAdapter("b", () -> net.forward(in).toFloats()));
          c.add(model.adapters().with(List.of("b", "c"), () -> net.forward(in).toFloats()));
        });

    AtomicInteger calls = new AtomicInteger();
    AtomicInteger oldOnes = new AtomicInteger();
    AtomicInteger newOnes = new AtomicInteger();
    Counting counting = new Counting();
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<Boolean>> results = new ArrayList<>();
      for (int t = 0; t < 8; t++) {
        long seed = t;
        Callable<Boolean> work =
            () ->
                counting.run(
                    () -> {
                      Rng rng = new Rng(seed);
                      while (calls.getAndIncrement() < CALLS) {
                        int i = (int) Math.floorMod(rng.nextLong(), 16L);
                        Tensor in = inputs.get(i);
                        switch ((int) Math.floorMod(rng.nextLong(), 5L)) {
                          case 0 ->
                              assertThat(model.withAdapter("b", () -> net.forward(in).toFloats()))
                                  .isEqualTo(b.get(i));
                          case 1 ->
                              assertThat(
                                      model
                                          .adapters()
                                          .with(
                                              List.of("b", "c"), () -> net.forward(in).toFloats()))
                                  .isEqualTo(c.get(i));
                          case 2 ->
                              assertThat(
                                      model
                                          .adapters()
                                          .perSample(names, () -> net.forward(in).toFloats()))
                                  .isIn(mixed.get(0).get(i), mixed.get(1).get(i));
                          case 3 ->
                              assertThat(model.<float[]>call(m -> m.forward(in).toFloats()))
                                  .isIn(swapped.get(0).get(i), swapped.get(1).get(i));
                          default -> {
                            float[] y = net.forward(in).toFloats();
                            assertThat(y).isIn(swapped.get(0).get(i), swapped.get(1).get(i));
                            (java.util.Arrays.equals(y, swapped.get(0).get(i)) ? newOnes : oldOnes)
                                .incrementAndGet();
                          }
                        }
                      }
                      return true;
                    });
        results.add(threads.submit(work));
      }
      int round = 0;
      while (calls.get() < CALLS) {
        model.adapters().hotSwap("default", round % 2 == 0 ? odd : even);
        String name = "extra" + round++ % 3;
        if (model.adapters().names().contains(name)) {
          model.adapters().delete(name);
        } else {
          Net.seed(
              round,
              () -> {
                model.adapters().addMatching(name, Net.lora());
                return true;
              });
        }
      }
      for (Future<Boolean> r : results) {
        assertThat(r.get()).isTrue();
      }
    }
    assertThat(oldOnes).hasPositiveValue();
    assertThat(newOnes).hasPositiveValue();
    assertThat(counting.compiled()).isEqualTo(4);
  }
}
