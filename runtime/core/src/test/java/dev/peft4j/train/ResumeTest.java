package dev.peft4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.PythonJson;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.optim.Schedule;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A run goes on only with what it was made with, and says what has changed that may. */
class ResumeTest {
  @TempDir Path folder;
  private final List<TrainingEvent> events = new ArrayList<>();

  private static TrainingSettings.Builder settings() {
    return TrainingSettings.builder()
        .steps(12)
        .accumulation(2)
        .clipNorm(1)
        .scheduleOver(total -> Schedule.cosine(total / 5, total))
        .evaluate(Every.steps(3))
        .checkpoint(Every.steps(4))
        .seed(2);
  }

  private static Batches<TinyRun.Batch> shuffled(
      List<TinyRun.Example> examples, int size, long seed) {
    return Batches.shuffled(examples, size, seed, TinyRun::collate);
  }

  private static Batches<TinyRun.Batch> data() {
    return shuffled(TinyRun.examples(), TinyRun.BATCH, 3);
  }

  private Trainer<TinyRun.Batch> trainer(
      TinyRun run, Optimizer optimizer, Batches<TinyRun.Batch> data, TrainingSettings settings) {
    return Trainer.of(run.model, optimizer, data, run::loss)
        .settings(settings)
        .evaluator(Evaluator.meanLoss(TinyRun.batches(), run::plainLoss))
        .checkpoints(folder)
        .listener(events::add);
  }

  private TrainingResult first() {
    TinyRun run = new TinyRun(7);
    return trainer(run, run.optimizer, data(), settings().build())
        .remember("labels", "[bad, good]")
        .run();
  }

  /** Something else, and what the message says of it. */
  private record Other(
      String says,
      UnaryOperator<TrainingSettings.Builder> settings,
      Batches<TinyRun.Batch> data,
      String labels) {
    @Override
    public String toString() {
      return says;
    }
  }

  private static Other settings(String says, UnaryOperator<TrainingSettings.Builder> change) {
    return new Other("run: it was made with " + says, change, data(), "[bad, good]");
  }

  private static Other data(String says, Batches<TinyRun.Batch> data) {
    return new Other("data: it was made with " + says, s -> s, data, "[bad, good]");
  }

  static List<Other> others() {
    List<TinyRun.Example> examples = TinyRun.examples();
    List<TinyRun.Example> changed = new ArrayList<>(examples);
    changed.set(20, new TinyRun.Example(changed.get(20).x().clone(), 1234));
    List<TinyRun.Example> turned = new ArrayList<>(examples);
    Collections.swap(turned, 3, 4);
    return List.of(
        new Other(
            "run: it was made with labels [bad, good], not [good, bad]",
            s -> s,
            data(),
            "[good, bad]"),
        settings("accumulation 2, not 3", s -> s.accumulation(3)),
        settings("clip norm 1.0, not 0.0", s -> s.clipNorm(0)),
        settings("seed 2, not 3", s -> s.seed(3)),
        settings(
            "monitored number lowest loss, not highest loss",
            s -> s.monitor(Monitor.highest("loss"))),
        settings(
            "schedule cosine over 12 steps, 2 of them warm-up, not linear over 12 steps, 2 of"
                + " them warm-up",
            s -> s.scheduleOver(total -> Schedule.linear(total / 5, total))),
        settings(
            "schedule cosine over 12 steps, 2 of them warm-up, not constant",
            s -> s.schedule(Schedule.constant())),
        settings(
            "schedule cosine over 12 steps, 2 of them warm-up, not with factors {0=1.0,",
            s -> s.schedule(step -> 1 / (1.0 + step))),
        settings("accumulation 2, not 4; seed 2, not 3", s -> s.accumulation(4).seed(3)),
        // the same number of batches
        data("number of examples 22, not 21", shuffled(examples.subList(0, 21), 4, 3)),
        data("checksum of examples ", shuffled(changed, 4, 3)),
        data("checksum of examples ", shuffled(turned, 4, 3)),
        data("order shuffled with seed 3, not shuffled with seed 4", shuffled(examples, 4, 4)),
        data(
            "order shuffled with seed 3, not as given",
            Batches.inOrder(examples, 4, TinyRun::collate)),
        new Other(
            "data: it has 6 batches an epoch, this has 8; it was made with batch size 4, not"
                + " 3",
            s -> s,
            shuffled(examples, 3, 3),
            "[bad, good]"));
  }

  @ParameterizedTest
  @MethodSource("others")
  void somethingElseIsRefusedAndNothingIsChanged(Other other) throws IOException {
    first();
    Map<String, List<Float>> before = new TinyRun(9).weights();
    TinyRun run = new TinyRun(9);
    String state = Files.readString(folder.resolve("checkpoint-12/training_state.json"));
    assertThatThrownBy(
            () ->
                trainer(run, run.optimizer, other.data, other.settings.apply(settings()).build())
                    .remember("labels", other.labels)
                    .resume())
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith("checkpoint " + folder.resolve("checkpoint-12") + " is of another ")
        .hasMessageContaining(other.says);
    assertThat(run.weights()).isEqualTo(before);
    assertThat(folder.resolve("checkpoint-12/training_state.json")).hasContent(state);
  }

  @Test
  void whatMayChangeIsSaid() {
    first();
    events.clear();
    TinyRun run = new TinyRun(9);
    AdamW optimizer =
        AdamW.builder().lr(0.01f).weightDecay(0.1).build(run.model.trainableParameters());
    TrainingSettings settings =
        settings()
            .steps(18)
            .evaluate(Every.epoch())
            .checkpoint(Every.steps(5))
            .keep(7)
            .monitor(Monitor.lowest("loss").patience(50).leastChange(1e-9))
            .build();
    TrainingResult result = trainer(run, optimizer, data(), settings).resume();
    assertThat(result.state().step()).isEqualTo(18);
    var changed =
        events.stream()
            .filter(TrainingEvent.Changed.class::isInstance)
            .map(TrainingEvent.Changed.class::cast)
            .toList();
    assertThat(changed).hasSize(1);
    assertThat(changed.getFirst().checkpoint()).isEqualTo(folder.resolve("checkpoint-12"));
    assertThat(changed.getFirst().changes())
        .containsExactlyInAnyOrder(
            "number of steps 12, not 18",
            "evaluation every 3 steps, not after each epoch",
            "patience 0, not 50",
            "least change 0.0, not 1.0E-9",
            "checkpoints every 4 steps, not every 5 steps",
            "number of checkpoints kept 2, not 7",
            "schedule cosine over 12 steps, 2 of them warm-up, not cosine over 18 steps, 3 of them"
                + " warm-up",
            "learning rate 0.02, not 0.01",
            "optimizer AdamW(betas 0.9 and 0.999, eps 1.0E-8, decay 0.01), not AdamW(betas 0.9 and"
                + " 0.999, eps 1.0E-8, decay 0.1)");
  }

  @Test
  void theSameIsNotWorthAWord() {
    first();
    events.clear();
    TinyRun run = new TinyRun(9);
    trainer(run, run.optimizer, data(), settings().build()).resume();
    assertThat(events).noneMatch(TrainingEvent.Changed.class::isInstance);
  }

  @Test
  void aFinishedRunTellsItsLossAndItsEvaluations() {
    TrainingResult result = first();
    assertThat(result.loss()).isFinite();
    assertThat(result.evaluation()).containsOnlyKeys("loss");
    assertThat(result.bestEvaluation().get("loss")).isEqualTo(result.state().best().value());
    TinyRun run = new TinyRun(9);
    TrainingResult again = trainer(run, run.optimizer, data(), settings().build()).resume();
    assertThat(again).isEqualTo(result);
  }

  @Test
  void aRunThatWentOnTellsTheLossOfOneThatWasNeverInterrupted() {
    TinyRun whole = new TinyRun(7);
    TrainingSettings settings = settings().steps(30).build();
    TrainingResult expected =
        Trainer.of(whole.model, whole.optimizer, data(), whole::loss)
            .settings(TinyRun.unsaved(TinyRun.unevaluated(settings)))
            .run();
    TinyRun run = new TinyRun(7);
    Trainer<TinyRun.Batch> stopped =
        Trainer.of(run.model, run.optimizer, data(), run::loss)
            .settings(TinyRun.unevaluated(settings))
            .checkpoints(folder);
    stopped
        .listener(
            e -> {
              if (e instanceof TrainingEvent.Step s && s.state().step() == 17) {
                stopped.stop();
              }
            })
        .run();
    TinyRun again = new TinyRun(99);
    TrainingResult result =
        Trainer.of(again.model, again.optimizer, data(), again::loss)
            .settings(TinyRun.unevaluated(settings))
            .checkpoints(folder)
            .resume();
    assertThat(result.loss()).isEqualTo(expected.loss());
    assertThat(again.weights()).isEqualTo(whole.weights());
  }

  @Test
  void checkpointsOfEarlierVersionsAreRead() throws IOException {
    first();
    asBefore(
        folder.resolve("checkpoint-12"),
        tree -> {
          tree.remove(List.of("run", "course"));
          ObjectNode optimizer = (ObjectNode) tree.get("optimizer");
          optimizer.remove("kind");
          optimizer.put("type", "dev.peft4j.optim.AdamW");
        });
    TinyRun run = new TinyRun(9);
    // what it does not tell is not compared
    TrainingResult result =
        trainer(
                run,
                run.optimizer,
                shuffled(TinyRun.examples(), 4, 77),
                settings().accumulation(5).build())
            .resume();
    assertThat(result.state().step()).isEqualTo(12);
    assertThat(result.loss()).isNaN();
    assertThat(result.evaluation()).isEmpty();
    TinyRun more = new TinyRun(9);
    result = trainer(more, more.optimizer, data(), settings().steps(14).build()).resume();
    assertThat(result.state().step()).isEqualTo(14);
    assertThat(result.loss()).isFinite();
  }

  /** Changes the state of a checkpoint and signs it. */
  private static void asBefore(Path checkpoint, Consumer<ObjectNode> change) throws IOException {
    Path file = checkpoint.resolve(Manifest.FILE);
    ObjectNode tree = PythonJson.read(file);
    tree.remove("sha256");
    change.accept(tree);
    byte[] text = PythonJson.format(tree).getBytes(StandardCharsets.UTF_8);
    tree.put("sha256", HexFormat.of().formatHex(Manifest.sha256().digest(text)));
    Files.writeString(file, PythonJson.format(tree));
  }

  @Test
  void whatIsRememberedCanBeRead() throws IOException {
    first();
    assertThat(new Checkpoint(folder.resolve("checkpoint-12"), 12).remembered())
        .isEqualTo(Map.of("labels", "[bad, good]"));
  }

  @Test
  void aStateIsReadByNumbersOnly() throws IOException {
    first();
    asBefore(
        folder.resolve("checkpoint-12"),
        tree -> ((ObjectNode) tree.at("/course/evaluation")).put("loss", "much"));
    TinyRun run = new TinyRun(9);
    trainer(run, run.optimizer, data(), settings().build()).resume();
    assertThat(events)
        .anySatisfy(
            e ->
                assertThat(e)
                    .isInstanceOfSatisfying(
                        TrainingEvent.CheckpointSkipped.class,
                        s ->
                            assertThat(s.problem())
                                .startsWith(
                                    folder.resolve("checkpoint-12/training_state.json").toString())
                                .contains("has a text where a number belongs")));
  }

  @Test
  void noNameOfAClassIsInTheState() throws IOException {
    first();
    assertThat(Files.readString(folder.resolve("checkpoint-12/training_state.json")))
        .doesNotContain("dev.peft4j", "TinyRun", "Lambda", "$");
  }
}
