package dev.peft4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.data.Rng;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.GradientClip;
import dev.peft4j.optim.Schedule;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.TinyRun.Batch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class TrainerTest {
  private final TinyRun tiny = new TinyRun(7);
  private final List<TrainingEvent> events = new ArrayList<>();

  @Test
  void doesWhatALoopWrittenByHandDoes() {
    TinyRun other = new TinyRun(7);
    // as transformers' Trainer does
    other.optimizer.exemptFromDecay(
        other.model.trainableParameters().stream()
            .filter(p -> p.name().endsWith("bias"))
            .collect(Collectors.toSet()));
    Rng rng = new Rng(11);
    Batches<Batch> data = TinyRun.batches();
    Rng.with(
        rng,
        () -> {
          int step = 0;
          for (int epoch = 0; epoch < 3; epoch++) {
            for (Batch batch : data.epoch(epoch)) {
              other.loss(batch).backward();
              GradientClip.byNorm(other.optimizer.parameters(), 0.5f);
              other.optimizer.lr((float) (0.02f * Schedule.linear(4, 18).factor(step++)));
              other.optimizer.step();
            }
          }
          return 0;
        });
    TrainingSettings settings =
        TrainingSettings.builder()
            .epochs(3)
            .clipNorm(0.5f)
            .seed(11)
            .scheduleOver(total -> Schedule.linear(4, total))
            .build();
    TrainingResult result = tiny.trainer(settings).listener(events::add).run();
    assertThat(tiny.weights()).isEqualTo(other.weights());
    assertThat(result.reason()).isEqualTo(StopReason.COMPLETED);
    assertThat(result.state()).isEqualTo(new TrainingState(18, 3, 0, null, 0));
    assertThat(tiny.optimizer.lr()).isEqualTo(0.02f);
    List<TrainingEvent.Step> steps = steps();
    assertThat(steps).hasSize(18).allSatisfy(s -> assertThat(s.gradientNorm()).isPositive());
    assertThat(steps.get(0).learningRate()).isZero();
    assertThat(steps.get(4).learningRate()).isEqualTo(0.02f);
    assertThat(steps.stream().map(TrainingEvent.Step::epoch))
        .containsExactly(0L, 0L, 0L, 0L, 0L, 0L, 1L, 1L, 1L, 1L, 1L, 1L, 2L, 2L, 2L, 2L, 2L, 2L);
    assertThat(events.getFirst())
        .isEqualTo(new TrainingEvent.Started(TrainingState.START, 18, null));
    assertThat(events.getLast())
        .isEqualTo(new TrainingEvent.Finished(result.state(), StopReason.COMPLETED));
  }

  private List<TrainingEvent.Step> steps() {
    return events.stream()
        .filter(TrainingEvent.Step.class::isInstance)
        .map(TrainingEvent.Step.class::cast)
        .toList();
  }

  @Test
  void accumulatedBatchesGiveTheStepOfOneLargeBatch() {
    // of equal sizes and without dropout, so that the mean of means is the mean
    TinyRun other = new TinyRun(7);
    List<TinyRun.Example> some = TinyRun.examples().subList(0, 20);
    Batches<Batch> large = Batches.shuffled(some, 20, 3, TinyRun::collate);
    Batches<Batch> small = Batches.shuffled(some, 5, 3, TinyRun::collate);
    TrainingSettings settings = TrainingSettings.builder().epochs(5).build();
    TrainingSettings four = TrainingSettings.builder().epochs(5).accumulation(4).build();
    var a = Trainer.of(tiny.model, tiny.optimizer, large, evaluated(tiny)).settings(settings);
    var b = Trainer.of(other.model, other.optimizer, small, evaluated(other)).settings(four);
    assertThat(a.listener(events::add).run().state().step()).isEqualTo(5);
    List<Double> losses = steps().stream().map(TrainingEvent.Step::loss).toList();
    events.clear();
    assertThat(b.listener(events::add).run().state().step()).isEqualTo(5);
    for (int i = 0; i < 5; i++) {
      assertThat(steps().get(i).loss()).isCloseTo(losses.get(i), within(1e-4));
      assertThat(steps().get(i).batches()).isEqualTo(4);
    }
    tiny.weights()
        .forEach(
            (name, values) -> {
              for (int i = 0; i < values.size(); i++) {
                assertThat(other.weights().get(name).get(i))
                    .isCloseTo(values.get(i), within(2e-4f));
              }
            });
  }

  private static java.util.function.Function<Batch, Tensor> evaluated(TinyRun run) {
    return batch -> {
      run.model.model().eval();
      return run.plainLoss(batch);
    };
  }

  @Test
  void theLastStepOfAnEpochTakesWhatIsLeft() {
    TrainingSettings settings = TrainingSettings.builder().epochs(2).accumulation(4).build();
    Trainer<Batch> trainer = tiny.trainer(settings).listener(events::add);
    assertThat(trainer.plannedSteps()).isEqualTo(4);
    trainer.run();
    assertThat(steps().stream().map(TrainingEvent.Step::batches)).containsExactly(4, 2, 4, 2);
  }

  @Test
  void stepsAndEpochsEndWhicheverIsFirst() {
    assertThat(TrainingSettings.builder().epochs(2).steps(100).build().plannedSteps(6))
        .isEqualTo(12);
    assertThat(TrainingSettings.builder().epochs(2).steps(5).build().plannedSteps(6)).isEqualTo(5);
    assertThat(TrainingSettings.steps(1000).plannedSteps(6)).isEqualTo(1000);
    assertThat(tiny.trainer(TrainingSettings.steps(8)).run().state())
        .isEqualTo(new TrainingState(8, 1, 2, null, 0));
  }

  @Test
  void evaluatesInEvaluationModeAndStopsEarly() {
    Deque<Double> values = new ArrayDeque<>(List.of(3.0, 2.0, 2.5, 1.9, 2.0, 1.85, 1.95, 0.0));
    TrainingSettings settings =
        TrainingSettings.builder()
            .steps(100)
            .evaluate(Every.steps(5))
            .monitor(Monitor.lowest("error").patience(3).leastChange(0.2))
            .build();
    TrainingResult result =
        tiny.trainer(settings)
            .evaluator(
                Evaluator.named(
                    Set.of("error", "other"),
                    () -> {
                      assertThat(tiny.model.model().training()).isFalse();
                      return Map.of("error", values.removeFirst(), "other", 1.0);
                    }))
            .listener(events::add)
            .run();
    assertThat(result.reason()).isEqualTo(StopReason.EARLY);
    // 1.9 is no improvement on 2.0, 0.2 are asked for; nor is 2.5 or 2.0
    assertThat(result.state().step()).isEqualTo(25);
    assertThat(result.state().best()).isEqualTo(new Best(10, 2.0));
    assertThat(
            events.stream()
                .filter(TrainingEvent.Evaluated.class::isInstance)
                .map(e -> ((TrainingEvent.Evaluated) e).improved()))
        .containsExactly(true, true, false, false, false);
    assertThat(tiny.model.model().training()).isTrue();
  }

  @Test
  void higherMayBeBetterAndNotANumberNeverIs() {
    Monitor m = Monitor.highest("accuracy");
    assertThat(m.isBetter(0.5, null)).isTrue();
    assertThat(m.isBetter(Double.NaN, null)).isFalse();
    assertThat(m.isBetter(0.5, new Best(1, 0.4))).isTrue();
    assertThat(m.isBetter(0.3, new Best(1, 0.4))).isFalse();
    assertThat(m.isBetter(Double.NaN, new Best(1, 0.4))).isFalse();
    assertThat(Monitor.lowest("loss").isBetter(0.3, new Best(1, 0.4))).isTrue();
  }

  @Test
  void evaluatesAtTheEndThoughNotDue() {
    TrainingSettings settings =
        TrainingSettings.builder().steps(7).evaluate(Every.steps(5)).build();
    tiny.trainer(settings)
        .evaluator(Evaluator.meanLoss(TinyRun.batches(), tiny::plainLoss))
        .listener(events::add)
        .run();
    assertThat(
            events.stream()
                .filter(TrainingEvent.Evaluated.class::isInstance)
                .map(e -> e.state().step()))
        .containsExactly(5L, 7L);
  }

  @Test
  void anEvaluationWithoutTheMonitoredNumberIsAnError() {
    Trainer<Batch> trainer =
        tiny.trainer(TrainingSettings.steps(1)).evaluator(() -> Map.of("accuracy", 1.0));
    assertThatThrownBy(trainer::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "the evaluation has no 'loss', which is monitored unless the settings say otherwise;"
                + " it has [accuracy]. Choose the one that measures the model, such as"
                + " monitor(Monitor.highest(\"accuracy\"))");
    assertThat(tiny.optimizer.steps()).isZero(); // before the first step, not after it
  }

  @Test
  void stopsWhenAsked() {
    Trainer<Batch> trainer = tiny.trainer(TrainingSettings.steps(100));
    trainer.listener(
        e -> {
          if (e instanceof TrainingEvent.Step s && s.state().step() == 4) {
            trainer.stop();
          }
        });
    TrainingResult result = trainer.run();
    assertThat(result.reason()).isEqualTo(StopReason.STOPPED);
    assertThat(result.state().step()).isEqualTo(4);
  }

  @Test
  void leavesTheModelInTheModeThatItWasIn() {
    tiny.model.model().eval();
    tiny.trainer(TrainingSettings.steps(1)).run();
    assertThat(tiny.model.model().training()).isFalse();
  }

  @Test
  void listenersAreToldOfFailures() {
    var failing =
        Trainer.of(
            tiny.model,
            tiny.optimizer,
            TinyRun.batches(),
            b -> {
              throw new IllegalStateException("no loss today");
            });
    failing.listener(events::add);
    assertThatThrownBy(failing::run).hasMessage("no loss today");
    assertThat(events.getLast()).isInstanceOf(TrainingEvent.Failed.class);
  }

  @Test
  void settingsThatCannotBeMeantAreErrors() {
    assertThatThrownBy(() -> TrainingSettings.builder().build())
        .hasMessageContaining("neither epochs nor steps");
    assertThatThrownBy(() -> TrainingSettings.builder().epochs(1).accumulation(0).build())
        .hasMessageContaining("accumulation is 0, must be at least 1");
    assertThatThrownBy(() -> TrainingSettings.builder().epochs(1).clipNorm(-1).build())
        .hasMessageContaining("clipNorm is -1.0");
    assertThatThrownBy(() -> Every.steps(0)).hasMessageContaining("every 0 steps");
    assertThatThrownBy(() -> Batches.of(List.of())).hasMessageContaining("no examples");
  }

  @Test
  void everyExampleIsSeenOnceAnEpochInAnOrderOfItsOwn() {
    Batches<List<Integer>> data =
        Batches.shuffled(List.of(0, 1, 2, 3, 4, 5, 6), 3, 9, List::copyOf);
    List<List<Integer>> first = data.epoch(0);
    assertThat(first).extracting(List::size).containsExactly(3, 3, 1);
    assertThat(first.stream().flatMap(List::stream)).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6);
    assertThat(data.epoch(1)).isNotEqualTo(first);
    assertThat(data.get(0, 1)).isEqualTo(first.get(1));
  }

  @Test
  void theOptimizerMayHaveAScheduleOfSteps() {
    TinyRun run = new TinyRun(1);
    AdamW optimizer = AdamW.of(run.model.trainableParameters(), 1f);
    List<Float> rates = new ArrayList<>();
    Trainer.of(run.model, optimizer, TinyRun.batches(), run::loss)
        .settings(TrainingSettings.builder().steps(4).schedule(step -> 0.001 * (step + 1)).build())
        .listener(
            e -> {
              if (e instanceof TrainingEvent.Step s) {
                rates.add(s.learningRate());
              }
            })
        .run();
    assertThat(rates).containsExactly(0.001f, 0.002f, 0.003f, 0.004f);
  }
}
