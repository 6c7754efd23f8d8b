package dev.peft4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.BatchNorm1d;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.optim.Sgd;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LearningRateFinderTest {
  static final class Net extends Module {
    final Linear in = new Linear(4, 16);
    final Dropout drop = new Dropout(0.1);
    final BatchNorm1d norm = new BatchNorm1d(16);
    final Linear out = new Linear(16, 1);

    Tensor loss(Tensor x) {
      Tensor y = out.forward(norm.forward(drop.forward(in.forward(x).tanh())));
      return y.sub(x.sum(1).unsqueeze(1)).square().mean();
    }
  }

  private final Batches<Tensor> data =
      Batches.of(
          IntStream.range(0, 7)
              .mapToObj(i -> Tensor.of(new Rng(i).normal(64, 0, 1), 16, 4))
              .toList());

  private static List<Object> state(Module model, Optimizer optimizer, List<Rng> generators) {
    List<Object> all = new ArrayList<>();
    model.stateDict().forEach((name, t) -> all.add(name + Arrays.toString(t.own().toFloats())));
    optimizer.parameters().forEach(p -> all.add(Arrays.toString(p.own().toFloats())));
    for (var state : optimizer.states()) {
      state.forEach((name, v) -> all.add(name + Arrays.toString(v.storage().toFloats())));
    }
    all.add(optimizer.steps());
    all.add(optimizer.lr());
    generators.forEach(g -> all.add(g.seed() + ":" + g.position()));
    return all;
  }

  @Test
  void afterwardsAModelIsWhatItWas() {
    Net net = Rng.with(1, Net::new);
    net.eval();
    net.drop.train();
    Optimizer adam = AdamW.of(net.parameters(), 1e-3f);
    net.loss(data.get(0, 0)).backward();
    adam.step();
    List<Rng> generators = List.copyOf(net.generators().values());
    List<Object> before = state(net, adam, generators);
    LearningRates rates = LearningRateFinder.of(net, adam, data, net::loss).run();
    assertThat(state(net, adam, generators)).isEqualTo(before);
    assertThat(net.training()).isFalse();
    assertThat(net.drop.training()).isTrue();
    assertThat(rates.points()).hasSizeGreaterThan(50);
    assertThat(rates.points().getFirst().rate()).isCloseTo(1e-7, within());
    assertThat(rates.suggestion()).isBetween(1e-4, 1.0);
  }

  private static org.assertj.core.data.Offset<Double> within() {
    return org.assertj.core.data.Offset.offset(1e-12);
  }

  @Test
  void whatIsTrainedAfterwardsHasTheSameBits() {
    assertThat(trained(true)).isEqualTo(trained(false));
  }

  private List<Object> trained(boolean looks) {
    Net net = Rng.with(1, Net::new);
    AdaptedModel<Net> m =
        Rng.with(
            2,
            () ->
                PeftModel.of(
                    net,
                    LoraConfig.builder()
                        .targets("in")
                        .r(2)
                        .dropout(0.2)
                        .modulesToSave("norm", "out")
                        .build()));
    AdamW adam = AdamW.of(m.trainableParameters(), 1e-2f);
    if (looks) {
      LearningRates rates = LearningRateFinder.of(m, adam, data, net::loss).steps(60).run();
      assertThat(rates.suggestion()).isPositive();
    }
    Trainer.of(m, adam, data, net::loss).settings(TrainingSettings.epochs(2)).run();
    List<Object> all = state(net, adam, List.copyOf(m.adapters().generators().values()));
    m.adapters()
        .namedBuffers()
        .forEach(b -> all.add(b.name() + Arrays.toString(b.buffer().own().toFloats())));
    return all;
  }

  @Test
  void aLossThatFailsLeavesTheModelAsItWas() {
    Net net = Rng.with(1, Net::new);
    Optimizer adam = AdamW.of(net.parameters(), 1e-3f);
    List<Rng> generators = List.copyOf(net.generators().values());
    List<Object> before = state(net, adam, generators);
    int[] calls = {0};
    assertThatThrownBy(
            () ->
                LearningRateFinder.of(
                        net,
                        adam,
                        data,
                        x -> {
                          if (++calls[0] == 5) {
                            throw new IllegalStateException("enough");
                          }
                          return net.loss(x);
                        })
                    .run())
        .hasMessage("enough");
    assertThat(state(net, adam, generators)).isEqualTo(before);
  }

  /** One weight w and the loss w², of which plain gradient descent diverges above a rate of 1. */
  @Test
  void itEndsWhereTheLossGrows() {
    Linear one = new Linear(1, 1, false);
    one.weight().set(3);
    Optimizer sgd = Sgd.of(one.parameters(), 1);
    Batches<Tensor> x = Batches.of(List.of(Tensor.ones(1, 1)));
    LearningRates rates =
        LearningRateFinder.of(one, sgd, x, b -> one.forward(b).square().mean())
            .range(1e-4f, 100)
            .steps(100)
            .run();
    assertThat(rates.diverged()).isTrue();
    assertThat(rates.suggestion()).isBetween(1e-3, 1.0);
    assertThat(rates.steepest()).isBetween(1e-3, 1.0);
    assertThat(rates.points().getLast().rate()).isBetween(1.0, 100.0);
    assertThat(one.weight().toFloats()).containsExactly(3);
    assertThat(rates.toString()).startsWith("suggested learning rate ");
  }

  /**
   * What fastai's valley, steep and minimum give for the same numbers, from its code run in Python.
   */
  @Test
  void suggestionsAreFastais() {
    List<LearningRates.Point> points = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      double rate = 1e-6 * Math.pow(10, i / 6.0);
      double loss =
          2 - 1.5 / (1 + Math.exp(-(i - 18) / 2.0)) + (i > 28 ? 0.05 * (i - 28) * (i - 28) : 0);
      points.add(new LearningRates.Point(rate, loss, loss));
    }
    LearningRates rates = new LearningRates(points, false);
    assertThat(rates.suggested()).isEqualTo(VALLEY);
    assertThat(rates.steepest()).isEqualTo(points.get(STEEP).rate());
    assertThat(rates.tenthOfLowest()).isEqualTo(points.get(LOWEST).rate() / 10);
  }

  private static final int VALLEY = 15;
  private static final int STEEP = 17;
  private static final int LOWEST = 28;

  @Test
  void tooFewStepsSayWhatToDo() {
    LearningRates few = new LearningRates(List.of(new LearningRates.Point(1, 1, 1)), true);
    assertThatThrownBy(few::suggestion)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "the learning rate test has 1 steps, too few for a suggestion: let it start at a lower"
                + " rate");
    Net net = new Net();
    LearningRateFinder<Tensor> finder =
        LearningRateFinder.of(net, Sgd.of(net.parameters(), 1), data, net::loss);
    assertThatThrownBy(() -> finder.range(1, 0.1f)).hasMessageContaining("needed 0 < from < to");
    assertThatThrownBy(() -> finder.steps(3)).hasMessageContaining("at least 10");
  }

  @Test
  void biasesAndNormsDoNotDecayAsInATrainersRun() {
    List<Double> usual = losses(AdamW.builder());
    assertThat(usual)
        .isEqualTo(losses(AdamW.builder().withoutDecay(p -> p.shape().rank() == 1)))
        .isNotEqualTo(losses(AdamW.builder().decayAll()));
  }

  private List<Double> losses(AdamW.Builder settings) {
    Net net = Rng.with(1, Net::new);
    net.drop.eval();
    Optimizer adam = settings.weightDecay(0.5).build(net.parameters());
    return LearningRateFinder.of(net, adam, data, net::loss).range(0.01f, 1).run().points().stream()
        .map(LearningRates.Point::loss)
        .toList();
  }
}
