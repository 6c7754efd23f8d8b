package dev.peft4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.Sgd;
import dev.peft4j.tensor.Reduction;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Several batches give the step, and the loss, of one large batch, however they are cut. */
class MeansTest {
  private static final int IN = 3;
  private static final int CLASSES = 4;

  /** A row and its label, -100 for one that does not count. */
  private record Row(float[] x, int label) {}

  private record Batch(Tensor x, Tensor labels, Tensor mask) {
    int size() {
      return x.dim(0);
    }

    /** From 0 to 1, (rows, classes). */
    Tensor targets() {
      return x.sum(-1)
          .sigmoid()
          .reshape(-1, 1)
          .mul(Tensor.of(new float[] {0.1f, 0.2f, 0.3f, 0.4f}));
    }
  }

  private static final class Net extends Module {
    final Linear fc = new Linear(IN, CLASSES);

    Tensor forward(Batch b) {
      return fc.forward(b.x);
    }
  }

  private static Batch collate(List<Row> rows) {
    float[] x = new float[rows.size() * IN];
    int[] labels = new int[rows.size()];
    float[] mask = new float[rows.size()];
    for (int i = 0; i < labels.length; i++) {
      System.arraycopy(rows.get(i).x, 0, x, i * IN, IN);
      labels[i] = rows.get(i).label;
      mask[i] = labels[i] < 0 ? 0 : 1;
    }
    return new Batch(
        Tensor.of(x, labels.length, IN), Tensor.of(labels), Tensor.of(mask, labels.length, 1));
  }

  private static List<Row> rows(int n) {
    Rng rng = new Rng(3);
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      // most of the first rows do not count
      boolean ignored = i < 5 ? i != 2 : rng.nextDouble() < 0.3;
      rows.add(new Row(rng.normal(IN, 0, 1), ignored ? -100 : (int) (rng.nextDouble() * CLASSES)));
    }
    return rows;
  }

  /** A loss as somebody may write it. */
  private record Kind(String name, BiFunction<AdaptedModel<Net>, Batch, Tensor> loss) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Tensor forward(AdaptedModel<Net> m, Batch b) {
    return m.model().forward(b);
  }

  private static Tensor masked(AdaptedModel<Net> m, Batch b) {
    return forward(m, b).square().mul(b.mask);
  }

  static Stream<Kind> kinds() {
    return Stream.of(
        new Kind("mean", (m, b) -> forward(m, b).square().mean()),
        new Kind("mean of means", (m, b) -> forward(m, b).square().mean(-1).mean()),
        new Kind("mean of sums", (m, b) -> forward(m, b).square().sum(-1).mean()),
        new Kind("scaled mean", (m, b) -> forward(m, b).square().mean().mul(0.5f).mul(1f)),
        new Kind("root", (m, b) -> forward(m, b).square().mean().add(0.1f).neg().neg()),
        new Kind("cross-entropy", (m, b) -> forward(m, b).crossEntropy(b.labels)),
        new Kind(
            "cross-entropy of tokens",
            (m, b) ->
                forward(m, b)
                    .reshape(1, b.size(), CLASSES)
                    .reshape(-1, CLASSES)
                    .crossEntropy(b.labels.reshape(1, b.size()).reshape(b.size()))),
        new Kind("sum over a mask", (m, b) -> masked(m, b).sum().div(b.mask.sum().add(1e-6f))),
        new Kind("sum divided by rows", (m, b) -> forward(m, b).square().sum().div(b.size())),
        new Kind("sum times 1/rows", (m, b) -> forward(m, b).square().sum().mul(1f / b.size())),
        new Kind(
            "sum over a tensor",
            (m, b) -> forward(m, b).square().sum().div(Tensor.scalar(b.size()))),
        new Kind(
            "negative log-likelihood", (m, b) -> forward(m, b).logSoftmax(-1).nllLoss(b.labels)),
        new Kind(
            "cross-entropy with weights and smoothing",
            (m, b) ->
                forward(m, b)
                    .crossEntropy(b.labels, Tensor.of(new float[] {1, 3, 0.5f, 2}), 0.1f, -100)),
        new Kind("binary cross-entropy", (m, b) -> forward(m, b).bceWithLogitsLoss(b.targets())),
        new Kind(
            "Huber's loss, summed",
            (m, b) -> forward(m, b).huberLoss(b.targets(), 0.5f, Reduction.SUM)),
        new Kind(
            "divergence by rows",
            (m, b) -> forward(m, b).logSoftmax(-1).klDivLoss(b.targets(), Reduction.BATCH_MEAN)),
        new Kind("sum", (m, b) -> forward(m, b).square().sum()),
        new Kind(
            "two means that count alike",
            (m, b) -> {
              Tensor y = forward(m, b);
              return y.square().mean().add(y.abs().mean().mul(0.1f));
            }),
        new Kind(
            "two means that count differently by a factor",
            (m, b) -> {
              Tensor y = forward(m, b);
              return y.square().mean().add(y.square().sum(-1).mean().mul(0.1f));
            }),
        new Kind(
            "a penalty on weights",
            (m, b) -> {
              Parameter a = m.trainableParameters().getFirst();
              return forward(m, b).crossEntropy(b.labels).add(a.square().sum().mul(0.01f));
            }));
  }

  /** The gradients of a step, by the change that SGD of rate 1 makes; and the loss. */
  private static List<Float> step(
      Kind kind, List<Row> rows, int size, int accumulation, boolean ready, float clip) {
    AdaptedModel<Net> model =
        Rng.with(
            1,
            () ->
                PeftModel.of(new Net(), LoraConfig.builder().targets("fc").r(2).alpha(2).build()));
    List<Float> out = new ArrayList<>();
    Batches<Batch> data = Batches.inOrder(rows, size, MeansTest::collate);
    Trainer.of(
            model,
            Sgd.of(model.trainableParameters(), 1),
            ready ? Batches.of(data.epoch(0)) : data,
            b -> kind.loss.apply(model, b))
        .settings(
            TrainingSettings.builder().steps(1).accumulation(accumulation).clipNorm(clip).build())
        .listener(
            e -> {
              if (e instanceof TrainingEvent.Step s) {
                out.add((float) s.loss());
                assertThat(s.batches()).isEqualTo(Math.min(accumulation, data.count()));
              }
            })
        .run();
    model
        .trainableParameters()
        .forEach(
            p -> {
              for (float v : p.own().toFloats()) {
                out.add(v);
              }
            });
    return out;
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void accumulatedBatchesGiveTheStepOfOneLargeBatch(Kind kind) {
    List<Row> rows = rows(11);
    for (float clip : new float[] {0, 0.05f}) {
      List<Float> whole = step(kind, rows, 11, 1, false, clip);
      for (int size : new int[] {1, 2, 3, 4, 10}) {
        int count = (rows.size() - 1) / size + 1;
        assertClose(kind + " by " + size, step(kind, rows, size, count, false, clip), whole);
        assertClose(kind + " ready " + size, step(kind, rows, size, 99, true, clip), whole);
      }
    }
  }

  private static void assertClose(String what, List<Float> found, List<Float> expected) {
    assertThat(found).as(what).hasSameSizeAs(expected);
    for (int i = 0; i < found.size(); i++) {
      assertThat(found.get(i)).as(what + " " + i).isCloseTo(expected.get(i), within(2e-5f));
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void theMeanLossDoesNotDependOnTheSizeOfBatches(Kind kind) {
    List<Row> rows = rows(11);
    AdaptedModel<Net> model =
        Rng.with(1, () -> PeftModel.of(new Net(), LoraConfig.builder().targets("fc").r(2).build()));
    model.trainableParameters().get(1).set(new Rng(4).normal(2 * CLASSES, 0, 1));
    double whole = loss(kind, model, rows, 11);
    for (int size : new int[] {1, 2, 3, 4, 10}) {
      assertThat(loss(kind, model, rows, size)).as("by " + size).isCloseTo(whole, within(1e-5));
    }
  }

  private static double loss(Kind kind, AdaptedModel<Net> model, List<Row> rows, int size) {
    return Evaluator.meanLoss(
            Batches.inOrder(rows, size, MeansTest::collate), b -> kind.loss.apply(model, b))
        .evaluate()
        .get("loss");
  }

  @Test
  void whatTheLossCountsMayBeSaid() {
    List<Row> rows = rows(11);
    // from the outside it is seen neither that this is a mean nor of what
    Kind hidden = new Kind("largest", (m, b) -> masked(m, b).max().mul(1e-12f).add(b.size()));
    AdaptedModel<Net> model =
        Rng.with(1, () -> PeftModel.of(new Net(), LoraConfig.builder().targets("fc").r(2).build()));
    Batches<Batch> data = Batches.inOrder(rows, 4, MeansTest::collate);
    assertThat(
            Evaluator.meanLoss(data, b -> hidden.loss.apply(model, b), b -> b.size() == 3 ? 9 : 0.5)
                .evaluate()
                .get("loss"))
        .isEqualTo((4 + 9 * 3) / 10.0);
    List<TrainingEvent.Step> steps = new ArrayList<>();
    Trainer.of(
            model, Sgd.of(model.trainableParameters(), 1), data, b -> hidden.loss.apply(model, b))
        .counting(b -> b.size() == 3 ? 9 : 0.5)
        .settings(TrainingSettings.builder().steps(1).accumulation(3).build())
        .listener(
            e -> {
              if (e instanceof TrainingEvent.Step s) {
                steps.add(s);
              }
            })
        .run();
    assertThat(steps.getFirst().loss()).isEqualTo((4 + 9 * 3) / 10.0);
    assertThat(steps.getFirst().count()).isEqualTo(10);
    assertThatThrownBy(
            () -> Evaluator.meanLoss(data, b -> hidden.loss.apply(model, b), _ -> -1).evaluate())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("counts -1.0 things");
  }

  @Test
  void aBatchInWhichNothingCountsIsPassedOver() {
    List<Row> rows = rows(11);
    Kind kind = new Kind("ce", (m, b) -> forward(m, b).crossEntropy(b.labels));
    assertThat(rows.subList(0, 2)).allMatch(r -> r.label < 0);
    List<Float> whole = step(kind, rows, 11, 1, false, 0);
    assertClose("first of 6", step(kind, rows, 2, 6, false, 0), whole);
    List<Row> none = IntStream.range(0, 4).mapToObj(_ -> rows.getFirst()).toList();
    assertThatThrownBy(() -> step(kind, none, 2, 2, false, 0))
        .isInstanceOf(TrainingDivergedException.class)
        .hasMessageContaining("the loss is NaN");
  }

  @Test
  void theLossOfARunIsTheMeanOverTheExamplesOfTheLastSteps() {
    // losses 0, 0, 0, 0, 5 in batches of 4: the mean is 1, not 2.5
    List<Float> values = List.of(0f, 0f, 0f, 0f, 5f);
    Batches<Tensor> data =
        Batches.inOrder(
            values,
            4,
            some -> {
              float[] v = new float[some.size()];
              for (int i = 0; i < v.length; i++) {
                v[i] = some.get(i);
              }
              return Tensor.of(v);
            });
    assertThat(Evaluator.meanLoss(data, Tensor::mean).evaluate().get("loss")).isEqualTo(1.0);
    AdaptedModel<Net> model =
        Rng.with(1, () -> PeftModel.of(new Net(), LoraConfig.builder().targets("fc").r(2).build()));
    Parameter some = model.trainableParameters().getFirst();
    TrainingResult result =
        Trainer.of(
                model,
                Sgd.of(model.trainableParameters(), 1e-3f),
                data,
                b -> b.add(some.sum().mul(1e-12f)).mean())
            .settings(TrainingSettings.epochs(1))
            .run();
    assertThat(result.loss()).isCloseTo(1.0, within(1e-6));
    assertThat(result.evaluation()).isEmpty();
  }
}
