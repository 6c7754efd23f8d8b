package dev.peft4j.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.data.Rng;
import dev.peft4j.graph.StaleTensorException;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OptimizerTest {
  private static final Tensor X = Tensor.of(new Rng(1).normal(12, 0, 1), 4, 3);
  private static final Tensor Y = Tensor.of(new Rng(2).normal(8, 0, 1), 4, 2);

  private final Linear model = Rng.with(3, () -> new Linear(3, 2));

  /** How the optimizers are made. */
  interface Maker {
    Optimizer make(List<Parameter> parameters);
  }

  static Stream<Maker> makers() {
    return Stream.of(p -> AdamW.of(p, 0.05f), p -> Sgd.of(p, 0.05f), p -> Sgd.of(p, 0.05f, 0.9f));
  }

  private Tensor loss() {
    return model.forward(X).mseLoss(Y);
  }

  @ParameterizedTest
  @MethodSource("makers")
  void theLossFalls(Maker maker) {
    Optimizer optimizer = maker.make(model.parameters());
    float first = loss().item();
    for (int i = 0; i < 30; i++) {
      loss().backward();
      optimizer.step();
    }
    assertThat(loss().item()).isLessThan(0.7f * first);
    assertThat(optimizer.steps()).isEqualTo(30);
  }

  @Test
  void theLossCanBeReadBeforeAndAfterTheStep() {
    Optimizer optimizer = Sgd.of(model.parameters(), 0.1f);
    float expected = loss().item();
    Tensor loss = loss();
    loss.backward();
    optimizer.step();
    assertThat(loss.item()).isEqualTo(expected);
    Tensor second = loss();
    second.backward();
    float before = second.item();
    optimizer.step();
    assertThat(second.item()).isEqualTo(before).isLessThan(expected);
  }

  @Test
  void whatWasNotComputedBeforeTheParametersChangedIsAnError() {
    Optimizer optimizer = Sgd.of(model.parameters(), 0.1f);
    Tensor output = model.forward(X);
    Tensor kept = model.forward(X).retain();
    Tensor loss = kept.mseLoss(Y);
    loss.backward();
    optimizer.step();
    assertThatThrownBy(output::toFloats).isInstanceOf(StaleTensorException.class);
    assertThat(kept.toFloats()).hasSize(8);
  }

  @Test
  void gradientsAddUpUntilTheStep() {
    // two halves of a batch, each with half the weight, are the batch
    Linear other = Rng.with(3, () -> new Linear(3, 2));
    Optimizer whole = Sgd.of(model.parameters(), 0.1f);
    Optimizer halves = Sgd.of(other.parameters(), 0.1f);
    for (int i = 0; i < 3; i++) {
      loss().backward();
      whole.step();
      for (int from = 0; from < 4; from += 2) {
        other
            .forward(X.slice(0, from, from + 2))
            .mseLoss(Y.slice(0, from, from + 2))
            .div(2)
            .backward();
        if (i == 1) {
          assertThat(other.weight().grad().toFloats()).hasSize(6); // reading changes nothing
        }
      }
      halves.step();
      assertClose(other.weight().toFloats(), model.weight().toFloats());
      assertClose(other.bias().toFloats(), model.bias().toFloats());
    }
  }

  @Test
  void aStepForgetsTheGradients() {
    Optimizer optimizer = Sgd.of(model.parameters(), 0.1f);
    loss().backward();
    assertThat(model.weight().grad()).isNotNull();
    optimizer.step();
    assertThat(model.weight().grad()).isNull();
    assertThatThrownBy(optimizer::step)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("call backward() on a loss first");
  }

  @Test
  void zeroGradForgetsThemWithoutAStep() {
    Optimizer optimizer = Sgd.of(model.parameters(), 0.1f);
    float[] before = model.weight().toFloats();
    loss().backward();
    optimizer.zeroGrad();
    assertThat(model.weight().grad()).isNull();
    assertThat(model.weight().toFloats()).isEqualTo(before);
  }

  @Test
  void parametersWithoutAGradientStay() {
    Parameter other = new Parameter(new float[] {1, 2}, 2);
    Optimizer optimizer =
        AdamW.of(Stream.concat(model.parameters().stream(), Stream.of(other)).toList(), 0.1f);
    loss().backward();
    optimizer.step();
    assertThat(other.toFloats()).containsExactly(1, 2); // torch: no weight decay either
  }

  @ParameterizedTest
  @MethodSource("makers")
  void aLossThatIsNoNumberChangesNothing(Maker maker) {
    Optimizer optimizer = maker.make(model.parameters());
    Optimizer twin = maker.make(Rng.with(3, () -> new Linear(3, 2)).parameters());
    step(optimizer, 1);
    step(twin, 1);
    float[] before = model.weight().toFloats();
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      loss().mul(bad).backward();
      assertThatThrownBy(optimizer::step)
          .isInstanceOfSatisfying(
              NonFiniteLossException.class, e -> assertThat(e.step()).isEqualTo(2))
          .hasMessageStartingWith("step 2: the loss is " + bad)
          .hasMessageContaining("nothing was changed");
      optimizer.zeroGrad();
      assertThat(model.weight().toFloats()).isEqualTo(before);
      assertThat(optimizer.steps()).isEqualTo(1);
    }
    // the optimizer's state is untouched too: the next step is what it would have been
    step(optimizer, 1);
    step(twin, 1);
    assertThat(model.weight().toFloats()).isEqualTo(twin.parameters().getFirst().toFloats());
  }

  private static void step(Optimizer optimizer, int times) {
    for (int i = 0; i < times; i++) {
      List<Parameter> p = optimizer.parameters();
      X.linear(p.get(0), p.get(1)).mseLoss(Y).backward();
      optimizer.step();
    }
  }

  @Test
  void aLossThatWasReadIsCheckedToo() {
    Optimizer optimizer = Sgd.of(model.parameters(), 0.1f);
    float[] before = model.weight().toFloats();
    Tensor loss = loss().mul(Float.NaN);
    loss.backward();
    assertThat(loss.item()).isNaN();
    assertThatThrownBy(optimizer::step).isInstanceOf(NonFiniteLossException.class);
    assertThat(model.weight().toFloats()).isEqualTo(before);
  }

  @Test
  void oneOfSeveralMicroBatchesThatIsNoNumberChangesNothing() {
    Optimizer optimizer = Sgd.of(model.parameters(), 0.1f);
    float[] before = model.weight().toFloats();
    loss().mul(Float.NaN).backward();
    loss().backward();
    assertThatThrownBy(optimizer::step).isInstanceOf(NonFiniteLossException.class);
    assertThat(model.weight().toFloats()).isEqualTo(before);
  }

  @Test
  void twoOptimizersShareABackwardPass() {
    Linear twin = Rng.with(3, () -> new Linear(3, 2));
    Optimizer both = Sgd.of(twin.parameters(), 0.1f);
    Optimizer weight = Sgd.of(List.of(model.weight()), 0.1f);
    Optimizer bias = Sgd.of(List.of(model.bias()), 0.1f);
    for (int i = 0; i < 2; i++) {
      loss().backward();
      weight.step();
      bias.step();
      twin.forward(X).mseLoss(Y).backward();
      both.step();
    }
    assertThat(model.weight().toFloats()).isEqualTo(twin.weight().toFloats());
    assertThat(model.bias().toFloats()).isEqualTo(twin.bias().toFloats());
  }

  @Test
  void theRateCanChangeBetweenSteps() {
    Parameter p = new Parameter(new float[] {1}, 1);
    Sgd optimizer = Sgd.of(List.of(p), 0.5f);
    optimizer.lr(0.25f);
    p.sum().backward();
    optimizer.step();
    assertThat(p.item()).isEqualTo(0.75f);
    assertThat(optimizer.lr()).isEqualTo(0.25f);
  }

  @Test
  void settingsThatMakeNoSenseAreErrors() {
    List<Parameter> p = model.parameters();
    assertThatThrownBy(() -> AdamW.of(List.of(), 0.1f)).hasMessageContaining("at least one");
    assertThatThrownBy(() -> Sgd.of(List.of(p.get(0), p.get(0)), 0.1f))
        .hasMessageContaining("twice");
    assertThatThrownBy(() -> Sgd.of(p, Float.NaN)).hasMessageContaining("learning rate NaN");
    assertThatThrownBy(() -> Sgd.of(p, -1)).hasMessageContaining("learning rate -1");
    assertThatThrownBy(() -> Sgd.of(p, 1).lr(Float.POSITIVE_INFINITY))
        .hasMessageContaining("learning rate Infinity");
    assertThatThrownBy(() -> Sgd.of(p, 1, 1)).hasMessageContaining("momentum is 1");
    assertThatThrownBy(() -> AdamW.builder().betas(0.9, 1)).hasMessageContaining("betas");
    assertThatThrownBy(() -> AdamW.builder().eps(0)).hasMessageContaining("eps is 0");
    assertThatThrownBy(() -> AdamW.builder().weightDecay(-0.1))
        .hasMessageContaining("weight decay");
  }

  private static void assertClose(float[] found, float[] expected) {
    for (int i = 0; i < found.length; i++) {
      assertThat(found[i]).isCloseTo(expected[i], within(1e-6f));
    }
  }
}
