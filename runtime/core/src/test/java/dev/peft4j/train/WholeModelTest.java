package dev.peft4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.BatchNorm1d;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Plateau;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A trainer trains whole models, and says what was mixed up or would do nothing. */
class WholeModelTest {
  @TempDir Path folder;

  /** With a norm that has buffers, and dropout. */
  static final class Net extends Module {
    final Linear first = new Linear(3, 8);
    final BatchNorm1d norm = new BatchNorm1d(8);
    final Dropout dropout = new Dropout(0.2);
    final Linear second = new Linear(8, 1);

    Tensor forward(Tensor x) {
      return second.forward(dropout.forward(norm.forward(first.forward(x)).relu()));
    }
  }

  private static final TrainingSettings SETTINGS =
      TrainingSettings.builder()
          .steps(15)
          .accumulation(2)
          .clipNorm(1)
          .evaluate(Every.steps(3))
          .checkpoint(Every.steps(4))
          .seed(2)
          .build();

  private static Net net(long seed) {
    return Rng.with(seed, Net::new);
  }

  private static Batches<TinyRun.Batch> data() {
    return Batches.shuffled(TinyRun.examples(), TinyRun.BATCH, 3, TinyRun::collate);
  }

  private static Tensor loss(Net net, TinyRun.Batch b) {
    return net.forward(b.x()).mseLoss(b.y());
  }

  private Trainer<TinyRun.Batch> trainer(Net net) {
    return Trainer.of(net, AdamW.of(net.trainableParameters(), 0.02f), data(), b -> loss(net, b))
        .settings(SETTINGS)
        .evaluator(Evaluator.meanLoss(data(), b -> loss(net, b)))
        .checkpoints(folder);
  }

  private static Map<String, Object> state(Module m) {
    Map<String, Object> all = new LinkedHashMap<>();
    m.stateDict()
        .forEach(
            (name, t) ->
                all.put(name, t.own().dtype().isInteger() ? t.toLongs() : t.own().toFloats()));
    return all;
  }

  private static void same(Module a, Module b) {
    Map<String, Object> expected = state(b);
    state(a).forEach((name, v) -> assertThat(v).as(name).isEqualTo(expected.get(name)));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 4, 7, 14})
  void goesOnBitForBit(long step) {
    Net whole = net(1);
    TrainingResult expected =
        Trainer.of(whole, AdamW.of(whole.trainableParameters(), 0.02f), data(), b -> loss(whole, b))
            .settings(TinyRun.unsaved(SETTINGS))
            .evaluator(Evaluator.meanLoss(data(), b -> loss(whole, b)))
            .run();
    assertThat(state(whole).get("norm.num_batches_tracked"))
        .isEqualTo(new long[] {expected.state().epoch() * 6 + expected.state().batch()});
    Net net = net(1);
    Trainer<TinyRun.Batch> stopped = trainer(net);
    stopped.listener(
        e -> {
          if (e instanceof TrainingEvent.Step s && s.state().step() == step) {
            stopped.stop();
          }
        });
    stopped.run();
    Net again = net(99); // other first weights: they are in the checkpoint
    TrainingResult result = trainer(again).resume();
    assertThat(result.state()).isEqualTo(expected.state());
    same(again, whole);
    Net loaded = net(98);
    loaded.load(result.lastCheckpoint());
    same(loaded, whole);
  }

  @Test
  void modesAreWhatTheyWere() {
    Net net = net(1);
    net.eval();
    net.second.train();
    List<Boolean> during = new ArrayList<>();
    Trainer.of(
            net,
            AdamW.of(net.trainableParameters(), 0.02f),
            data(),
            b -> {
              during.add(net.training() && net.norm.training());
              return loss(net, b);
            })
        .evaluator(
            Evaluator.meanLoss(
                data(),
                b -> {
                  during.add(!net.training());
                  return loss(net, b);
                }))
        .run();
    assertThat(during).hasSizeGreaterThan(10).containsOnly(true);
    assertThat(net.training()).isFalse();
    assertThat(net.norm.training()).isFalse();
    assertThat(net.second.training()).isTrue();
  }

  @Test
  void aPartMayBeFrozenAndHasToBeTheSame() {
    Net net = net(1);
    net.first.freeze();
    float[] before = net.first.weight().toFloats();
    trainer(net).run();
    assertThat(net.first.weight().toFloats()).isEqualTo(before);
    Net other = net(2);
    other.first.freeze();
    assertThatThrownBy(() -> trainer(other).resume())
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("is of another model")
        .hasMessageContaining("frozen");
  }

  @Test
  void aCheckpointOfAdaptersIsAnotherRun() {
    trainer(net(1)).run();
    Net base = net(1);
    AdaptedModel<Net> model =
        PeftModel.of(base, LoraConfig.builder().targets("first", "second").r(2).build());
    assertThatThrownBy(
            () ->
                Trainer.of(
                        model,
                        AdamW.of(model.trainableParameters(), 0.02f),
                        data(),
                        b -> loss(base, b))
                    .settings(SETTINGS)
                    .evaluator(Evaluator.meanLoss(data(), b -> loss(base, b)))
                    .checkpoints(folder)
                    .resume())
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("it trains whole model, this one adapters");
  }

  @Test
  void afterMergeAndUnloadItIsAWholeModel() {
    Net base = net(1);
    AdaptedModel<Net> model =
        PeftModel.of(base, LoraConfig.builder().targets("first").r(2).build());
    model.mergeAndUnload();
    float[] before = base.second.weight().toFloats();
    Trainer.of(model, AdamW.of(base.trainableParameters(), 0.02f), data(), b -> loss(base, b))
        .settings(TrainingSettings.steps(3))
        .run();
    assertThat(base.second.weight().toFloats()).isNotEqualTo(before);
  }

  @Test
  void anOptimizerOfAnotherAdapterOrModelIsNamed() {
    Net base = net(1);
    LoraConfig config = LoraConfig.builder().targets("first").r(2).build();
    AdaptedModel<Net> model = PeftModel.of(base, config, "en");
    AdamW ofEnglish = AdamW.of(model.trainableParameters(), 0.02f);
    model.adapters().addMatching("fr", config);
    model.adapters().activate("fr");
    assertThatThrownBy(() -> Trainer.of(model, ofEnglish, data(), b -> loss(base, b)).run())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("step 1")
        .hasMessageContaining("the optimizer trains, 'base_model.model.first.lora_A.en.weight'")
        .hasMessageContaining("computed from 'base_model.model.first.lora_A.fr.weight'");
    Net one = net(1);
    Net two = net(1);
    assertThatThrownBy(
            () ->
                Trainer.of(
                        one, AdamW.of(one.trainableParameters(), 0.02f), data(), b -> loss(two, b))
                    .run())
        .hasMessageContaining("'first.weight', 'first.bias', 'norm.weight' and 3 more")
        .hasMessageContaining("parameters of a module that does not belong to the trainer's model");
    one.freeze();
    assertThatThrownBy(
            () ->
                Trainer.of(
                        two, AdamW.of(two.trainableParameters(), 0.02f), data(), b -> loss(one, b))
                    .run())
        .hasMessageContaining("computed from no parameter that is trained");
    assertThatThrownBy(
            () ->
                Trainer.of(
                        base,
                        AdamW.of(model.trainableParameters(), 0.02f),
                        data(),
                        b -> loss(base, b))
                    .checkpoints(folder)
                    .run())
        .hasMessageContaining("which Net does not have")
        .hasMessageContaining("for an adapter the adapted model");
  }

  @Test
  void aPlateauLowersTheRateAndIsInCheckpoints() {
    List<Double> scripted = List.of(3.0, 2.0, 2.0, 2.0, 2.0, 2.0);
    TrainingSettings settings =
        TrainingSettings.builder()
            .steps(6)
            .evaluate(Every.steps(1))
            .reduceOnPlateau(Plateau.of(0.5, 1))
            .build();
    List<Float> rates = new ArrayList<>();
    for (int run = 0; run < 2; run++) { // one that is stopped after three steps, and its rest
      Net net = net(1);
      Trainer<TinyRun.Batch> t =
          Trainer.of(net, AdamW.of(net.trainableParameters(), 0.5f), data(), b -> loss(net, b))
              .settings(settings)
              .checkpoints(folder);
      t.evaluator(
          Evaluator.named(
              java.util.Set.of("loss"), () -> Map.of("loss", scripted.get(rates.size() - 1))));
      t.listener(
          e -> {
            if (e instanceof TrainingEvent.Step s) {
              rates.add(s.learningRate());
              if (s.state().step() == 3) {
                t.stop();
              }
            }
          });
      t.resume();
    }
    assertThat(rates).containsExactly(0.5f, 0.5f, 0.5f, 0.5f, 0.25f, 0.25f);
  }

  @Test
  void whatWouldDoNothingIsAnError() {
    Net net = net(1);
    Map<TrainingSettings.Builder, String> wrong = new LinkedHashMap<>();
    wrong.put(
        TrainingSettings.builder().epochs(1).evaluate(Every.epoch()),
        "evaluate(after each epoch) would do nothing, since the trainer has no evaluator");
    wrong.put(
        TrainingSettings.builder().epochs(1).monitor(Monitor.lowest("loss").patience(2)),
        "monitor('loss') would do nothing");
    wrong.put(
        TrainingSettings.builder().epochs(1).checkpoint(Every.steps(5)),
        "checkpoint(every 5 steps) would do nothing, since the trainer has no folder");
    wrong.put(
        TrainingSettings.builder().epochs(1).reduceOnPlateau(Plateau.of(0.5, 1)),
        "reduceOnPlateau would do nothing");
    wrong.put(TrainingSettings.builder().epochs(1).keep(2), "keep(2) would do nothing");
    wrong.forEach(
        (settings, message) ->
            assertThatThrownBy(
                    () ->
                        Trainer.of(
                                net,
                                AdamW.of(net.trainableParameters(), 0.02f),
                                data(),
                                b -> loss(net, b))
                            .settings(settings.build())
                            .run())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(message));
    assertThatThrownBy(
            () ->
                Trainer.of(
                        net, AdamW.of(net.trainableParameters(), 0.02f), data(), b -> loss(net, b))
                    .remember("labels", "a b")
                    .run())
        .hasMessageContaining("remember(labels) would do nothing");
    assertThatThrownBy(() -> TrainingSettings.builder().epochs(1).keep(0))
        .hasMessageContaining("keep is 0");
  }
}
