package dev.peft4j.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.backend.Engine;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.data.Storage;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Which gradients are built, and which are not. */
class GradientsTest {
  private final Variable w = new Variable("w", Storage.of(new float[12]), Shape.of(3, 4), true);

  @Test
  void theLossIsASingleValue() {
    assertThatThrownBy(() -> Tensor.of(w.node()).backward())
        .isInstanceOf(ShapeException.class)
        .hasMessage(
            "backward: the loss must be a single value, found shape (3, 4); reduce it with mean()"
                + " or sum()");
    Tensor.of(w.node()).sumKeep().backward();
    assertThat(w.gradient()).isNotNull();
  }

  @Test
  void somethingMustBeTrainable() {
    assertThatThrownBy(() -> Tensor.zeros(3).sum().backward())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("no trainable parameter");
    w.trainable(false);
    assertThatThrownBy(() -> Tensor.of(w.node()).sum().backward())
        .isInstanceOf(IllegalStateException.class);
    w.trainable(true);
    assertThatThrownBy(() -> Tensor.of(w.node()).detach().sum().backward())
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aReleasedLossSaysSo() {
    Tensor loss = Tensor.of(w.node()).sum();
    loss.item();
    loss.node().release();
    assertThatThrownBy(loss::backward)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("released")
        .hasMessageContaining("compute the loss again");
  }

  @Test
  void theParameterItselfMayBeTheLoss() {
    Variable v = new Variable("v", Storage.of(3), Shape.SCALAR, true);
    Tensor.of(v.node()).backward();
    assertThat(Tensor.of(v.gradient()).item()).isEqualTo(1);
  }

  @Test
  void frozenWeightsGetNoGradientAndCostNone() {
    Variable frozen = new Variable("frozen", Storage.of(new float[20]), Shape.of(5, 4), false);
    Variable bias = new Variable("bias", Storage.of(new float[5]), Shape.of(5), true);
    Tensor x = Tensor.zeros(7, 4);
    x.linear(Tensor.of(frozen.node()), Tensor.of(bias.node())).sum().backward();
    assertThat(frozen.gradient()).isNull();
    assertThat(bias.gradient().shape()).isEqualTo(Shape.of(5));
    assertThat(steps(bias)).noneMatch(s -> s.contains("MatMul") || s.contains("linear"));
  }

  @Test
  void onlyWhatLeadsToAParameterIsDifferentiated() {
    // two frozen layers below the adapter: their products appear once, forward
    Tensor x = Tensor.zeros(7, 4);
    Tensor h = x.linear(Tensor.full(1, 8, 4), null).gelu().linear(Tensor.full(1, 4, 8), null);
    h.linear(Tensor.of(w.node()), null).square().sum().backward();
    List<String> steps = steps(w);
    assertThat(steps).filteredOn(s -> s.equals("linear")).hasSize(3);
    assertThat(steps).filteredOn(s -> s.equals("MatMul")).hasSize(1);
  }

  @Test
  void parametersThatTheLossDoesNotNeedKeepNone() {
    Variable other = new Variable("other", Storage.of(1), Shape.of(1), true);
    Tensor.of(w.node()).sum().backward();
    assertThat(other.gradient()).isNull();
  }

  @Test
  void zeroDerivativesAddNothing() {
    Variable v = new Variable("v", Storage.of(1, 2), Shape.of(2), true);
    Tensor x = Tensor.of(v.node());
    x.apply(dev.peft4j.op.Pointwise.GREATER, Tensor.scalar(1)).sum().add(x.sum()).backward();
    assertThat(Tensor.of(v.gradient()).toFloats()).containsExactly(1, 1);
  }

  @Test
  void trainingMayBeTurnedOffAndOn() {
    w.trainable(false);
    Tensor off = Tensor.of(w.node());
    assertThat(off.node().requiresGrad()).isFalse();
    w.trainable(true);
    assertThat(Tensor.of(w.node()).node().requiresGrad()).isTrue();
    assertThat(off.add(Tensor.of(w.node())).toFloats()).hasSize(12);
  }

  @Test
  void secondDerivativesThatAreMissingSaySo() {
    for (UnaryOperator<Tensor> f :
        List.<UnaryOperator<Tensor>>of(
            x -> x.softmax(-1),
            x -> x.layerNorm(Tensor.zeros(4), Tensor.zeros(4), 1e-5f),
            x -> x.rmsNorm(Tensor.zeros(4), 1e-5f),
            x -> x.crossEntropy(Tensor.of(new int[] {0, 1, 2})))) {
      w.clearGradient();
      f.apply(Tensor.of(w.node())).square().sum().backward();
      Tensor again = Tensor.of(w.gradient()).sum();
      assertThatThrownBy(again::backward)
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessageStartingWith("second derivatives of ");
    }
  }

  @Test
  void secondDerivativesOfElementwiseOps() {
    Variable v = new Variable("v", Storage.of(2), Shape.of(1), true);
    Tensor x = Tensor.of(v.node());
    x.mul(x).mul(x).sum().backward();
    Tensor slope = Tensor.of(v.gradient());
    v.clearGradient();
    slope.sum().backward();
    assertThat(Tensor.of(v.gradient()).item()).isEqualTo(12);
  }

  @Test
  void attentionHasNoGradientForItsMask() {
    Variable mask = new Variable("mask", Storage.of(new float[4]), Shape.of(2, 2), true);
    Tensor q = Tensor.zeros(1, 2, 4);
    Tensor loss = Tensor.attention(q, q, q, Tensor.of(mask.node()), 2, 2, false).sum();
    assertThatThrownBy(loss::backward)
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessageContaining("attention")
        .hasMessageContaining("mask");
  }

  private static List<String> steps(Variable v) {
    return Engine.program(new EveryOp(), List.of(v.gradient())).steps().stream()
        .map(s -> s.op().name())
        .toList();
  }
}
