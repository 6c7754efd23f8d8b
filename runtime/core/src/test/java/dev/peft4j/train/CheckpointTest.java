package dev.peft4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Sgd;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {
  private static final TrainingSettings SETTINGS =
      TrainingSettings.builder()
          .steps(15)
          .accumulation(2)
          .clipNorm(1)
          .scheduleOver(total -> dev.peft4j.optim.Schedule.cosine(3, total))
          .checkpoint(Every.steps(4))
          .evaluate(Every.steps(3))
          .monitor(Monitor.lowest("loss").patience(100))
          .seed(2)
          .build();

  @TempDir Path folder;
  private final List<TrainingEvent> events = new ArrayList<>();

  private Trainer<TinyRun.Batch> trainer(TinyRun run) {
    return run.trainer(SETTINGS)
        .evaluator(Evaluator.meanLoss(TinyRun.batches(), run::plainLoss))
        .checkpoints(folder)
        .listener(events::add);
  }

  private TinyRun stoppedAt(long step) {
    TinyRun run = new TinyRun(7);
    Trainer<TinyRun.Batch> t = trainer(run);
    t.listener(
        e -> {
          if (e instanceof TrainingEvent.Step s && s.state().step() == step) {
            t.stop();
          }
        });
    assertThat(t.run().state().step()).isEqualTo(step);
    return run;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 7, 12, 14})
  void goesOnBitForBit(long step) {
    TinyRun whole = new TinyRun(7);
    TrainingResult expected =
        whole
            .trainer(TinyRun.unsaved(SETTINGS))
            .evaluator(Evaluator.meanLoss(TinyRun.batches(), whole::plainLoss))
            .run();
    stoppedAt(step);
    // a new process would not know the seeds of the one before
    TinyRun again = new TinyRun(99);
    TrainingResult result = trainer(again).resume();
    assertThat(again.weights()).isEqualTo(whole.weights());
    assertThat(result.state()).isEqualTo(expected.state());
    assertThat(again.optimizer.steps()).isEqualTo(15);
  }

  @Test
  void aFinishedRunIsOnlyLoaded() {
    TinyRun run = new TinyRun(7);
    trainer(run).run();
    TinyRun again = new TinyRun(8);
    events.clear();
    TrainingResult result = trainer(again).resume();
    assertThat(result.reason()).isEqualTo(StopReason.COMPLETED);
    assertThat(again.weights()).isEqualTo(run.weights());
    assertThat(events).noneMatch(TrainingEvent.Step.class::isInstance);
  }

  @Test
  void resumeStartsWhereThereIsNothing() {
    TinyRun run = new TinyRun(7);
    TinyRun again = new TinyRun(7);
    assertThat(trainer(run).resume().state().step()).isEqualTo(15);
    again
        .trainer(TinyRun.unsaved(SETTINGS))
        .evaluator(Evaluator.meanLoss(TinyRun.batches(), again::plainLoss))
        .run();
    assertThat(run.weights()).isEqualTo(again.weights());
  }

  @Test
  void holdsAnAdapterAsPeftSavesIt() throws IOException {
    TinyRun run = stoppedAt(6);
    Path checkpoint = Checkpoint.latest(folder).folder();
    assertThat(listing(checkpoint))
        .containsExactly(
            "README.md",
            "adapter_config.json",
            "adapter_model.safetensors",
            "optimizer.safetensors",
            "training_state.json");
    var loaded = PeftModel.load(Rng.with(1, TinyRun.Mlp::new), checkpoint);
    Map<String, List<Float>> trained = run.weights();
    for (NamedParameter p : loaded.namedParameters()) {
      assertThat(p.parameter().own().toFloats())
          .as(p.name())
          .containsExactly(floats(trained.get(p.name())));
    }
  }

  private static float[] floats(List<Float> values) {
    float[] out = new float[values.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = values.get(i);
    }
    return out;
  }

  private static List<String> listing(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void keepsTheLatestAndTheBest() throws IOException {
    double[] losses = {5, 1, 3, 3, 3, 3, 3};
    int[] next = {0};
    TinyRun run = new TinyRun(7);
    TrainingSettings settings =
        TrainingSettings.builder()
            .steps(14)
            .checkpoint(Every.steps(2))
            .evaluate(Every.steps(2))
            .keep(3)
            .build();
    TrainingResult result =
        run.trainer(settings)
            .evaluator(Evaluator.named(Set.of("loss"), () -> Map.of("loss", losses[next[0]++])))
            .checkpoints(folder)
            .run();
    assertThat(listing(folder))
        .containsExactly(
            ".lock", "checkpoint-10", "checkpoint-12", "checkpoint-14", "checkpoint-4");
    assertThat(result.lastCheckpoint()).isEqualTo(folder.resolve("checkpoint-14"));
    assertThat(result.bestCheckpoint()).isEqualTo(folder.resolve("checkpoint-4"));
  }

  @Test
  void aFolderThatIsInUseOrHasCheckpointsIsAnError() throws IOException {
    stoppedAt(5);
    assertThatThrownBy(() -> trainer(new TinyRun(7)).run())
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("already has checkpoints, the latest of step 5")
        .hasMessageContaining("resume()");
    TinyRun run = new TinyRun(7);
    Trainer<TinyRun.Batch> t = trainer(run);
    t.listener(
        e -> {
          if (e instanceof TrainingEvent.Step s && s.state().step() == 6) {
            assertThatThrownBy(() -> trainer(new TinyRun(7)).resume())
                .hasMessageContaining("another run is writing checkpoints to " + folder);
          }
        });
    assertThat(t.resume().state().step()).isEqualTo(15);
    Files.writeString(folder.resolve("file"), "x");
    assertThatThrownBy(
            () ->
                new TinyRun(7)
                    .trainer(TinyRun.unevaluated(SETTINGS))
                    .checkpoints(folder.resolve("file"))
                    .run())
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("cannot write checkpoints to the folder");
  }

  @Test
  void everyDamageIsSeenAndThePreviousOneIsUsed() throws IOException {
    TinyRun whole = new TinyRun(7);
    whole
        .trainer(TinyRun.unsaved(SETTINGS))
        .evaluator(Evaluator.meanLoss(TinyRun.batches(), whole::plainLoss))
        .run();
    stoppedAt(14); // with checkpoints of 12 and 14 and the best
    Random random = new Random(3);
    for (String name : listing(folder.resolve("checkpoint-14"))) {
      for (int damage = 0; damage < 4; damage++) {
        Path run = folder.resolve(name + damage);
        copy(folder, run);
        Path last = run.resolve("checkpoint-14");
        damage(last.resolve(name), damage, random);
        events.clear();
        TinyRun again = new TinyRun(99);
        trainer(again).checkpoints(run).resume();
        assertThat(events.getFirst())
            .isInstanceOfSatisfying(
                TrainingEvent.CheckpointSkipped.class,
                e -> {
                  assertThat(e.checkpoint()).isEqualTo(last);
                  assertThat(e.problem()).startsWith(last.resolve(name) + ": ");
                });
        assertThat(events.get(1))
            .isInstanceOfSatisfying(
                TrainingEvent.Started.class,
                e -> assertThat(e.from()).isEqualTo(run.resolve("checkpoint-12")));
        assertThat(again.weights()).as(name + " " + damage).isEqualTo(whole.weights());
      }
    }
  }

  private static void damage(Path file, int how, Random random) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    switch (how) {
      case 0 -> Files.delete(file);
      case 1 -> Files.write(file, Arrays.copyOf(bytes, random.nextInt(bytes.length)));
      case 2 -> Files.write(file, new byte[0]);
      default -> {
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        Files.write(file, bytes);
      }
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    for (Checkpoint c : Checkpoint.list(from)) {
      Path target = to.resolve(c.folder().getFileName());
      Files.createDirectories(target);
      for (String name : listing(c.folder())) {
        Files.copy(c.folder().resolve(name), target.resolve(name));
      }
    }
  }

  @Test
  void ifAllAreDamagedEachIsNamed() throws IOException {
    stoppedAt(9);
    for (Checkpoint c : Checkpoint.list(folder)) {
      Files.delete(c.folder().resolve("optimizer.safetensors"));
    }
    assertThat(Checkpoint.latest(folder)).isNull();
    TinyRun again = new TinyRun(99);
    Map<String, List<Float>> before = again.weights();
    assertThatThrownBy(() -> trainer(again).resume())
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("no checkpoint in " + folder + " can be used")
        .hasMessageContaining(
            folder.resolve("checkpoint-9").resolve("optimizer.safetensors") + ": is missing")
        .hasMessageContaining(
            folder.resolve("checkpoint-8").resolve("optimizer.safetensors") + ": is missing");
    assertThat(again.weights()).isEqualTo(before);
  }

  @Test
  void aCheckpointOfSomethingElseIsAnErrorThatSaysOfWhat() {
    stoppedAt(5);
    Path checkpoint = folder.resolve("checkpoint-5");
    assertRefused(new TinyRun(7, 2), "checkpoint " + checkpoint + " is of another model", "r = 2");

    TinyRun otherOptimizer = new TinyRun(7);
    assertThatThrownBy(
            () ->
                Trainer.of(
                        otherOptimizer.model,
                        Sgd.of(otherOptimizer.model.trainableParameters(), 0.1f),
                        TinyRun.batches(),
                        otherOptimizer::loss)
                    .settings(TinyRun.unevaluated(SETTINGS))
                    .checkpoints(folder)
                    .resume())
        .isInstanceOf(CheckpointException.class)
        .hasMessage(
            "checkpoint "
                + checkpoint
                + " is of another optimizer: it is of AdamW, this is Sgd. It can only be"
                + " resumed as it was started; for another run choose another folder");

    TinyRun fewer = new TinyRun(7);
    assertThatThrownBy(
            () ->
                Trainer.of(
                        fewer.model,
                        AdamW.of(fewer.model.trainableParameters().subList(0, 2), 0.1f),
                        TinyRun.batches(),
                        fewer::loss)
                    .checkpoints(folder)
                    .resume())
        .hasMessageContaining("is of another optimizer: it trains [");

    TinyRun otherBase = new TinyRun(7);
    float[] w = otherBase.model.model().first.weight().toFloats();
    w[0] += 1;
    otherBase.model.model().first.weight().set(w);
    assertRefused(otherBase, "is of another base model");

    TinyRun otherData = new TinyRun(7);
    assertThatThrownBy(
            () ->
                Trainer.of(
                        otherData.model,
                        otherData.optimizer,
                        Batches.of(TinyRun.batches().epoch(0).subList(0, 3)),
                        otherData::loss)
                    .checkpoints(folder)
                    .resume())
        .hasMessageContaining("is of another data: it has 6 batches an epoch, this has 3");
  }

  private void assertRefused(TinyRun run, String... parts) {
    Map<String, List<Float>> before = run.weights();
    assertThatThrownBy(() -> trainer(run).resume())
        .isInstanceOf(CheckpointException.class)
        .hasMessageContainingAll(parts);
    assertThat(run.weights()).isEqualTo(before);
  }

  @Test
  void whatAnOptimizerTrainsBesidesTheAdapterCannotBeKept() {
    TinyRun run = new TinyRun(7);
    run.model.model().first.bias().unfreeze();
    AdamW all = AdamW.of(run.model.trainableParameters(), 0.1f);
    assertThatThrownBy(
            () ->
                Trainer.of(run.model, all, TinyRun.batches(), run::loss).checkpoints(folder).run())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("trains 'first.bias', which belongs to no adapter");
  }

  @Test
  void resumeNeedsAFolder() {
    assertThatThrownBy(() -> new TinyRun(7).trainer(TinyRun.unevaluated(SETTINGS)).resume())
        .hasMessageContaining("no folder for checkpoints");
  }

  @Test
  void everyFileHasItsChecksum() throws IOException {
    stoppedAt(2);
    String manifest = Files.readString(folder.resolve("checkpoint-2/training_state.json"));
    byte[] weights = Files.readAllBytes(folder.resolve("checkpoint-2/adapter_model.safetensors"));
    assertThat(manifest)
        .contains(HexFormat.of().formatHex(Manifest.sha256().digest(weights)))
        .contains("\"step\": 2");
  }
}
