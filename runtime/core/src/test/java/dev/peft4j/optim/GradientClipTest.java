package dev.peft4j.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GradientClipTest {
  private final Parameter a = new Parameter(new float[3], 3);
  private final Parameter b = new Parameter(new float[4], 2, 2);
  private final Parameter untouched = new Parameter(new float[1], 1);

  private Tensor backward() {
    Tensor ga = Tensor.of(new float[] {3, -4, 0.5f});
    Tensor gb = Tensor.of(new float[] {1, 2, -2, 0}, 2, 2);
    Tensor loss = a.mul(ga).sum().add(b.mul(gb).sum());
    loss.backward();
    return loss;
  }

  /** The first elements are what torch's clip_grad_norm_ leaves. */
  @ParameterizedTest
  @CsvSource({
    "2, 1.0252290964126587, -0.6834860444068909",
    "100, 3, -2",
    "5.8, 2.9731643199920654, -1.982109546661377",
    "0.001, 0.0005126145551912487, -0.00034174302709289895"
  })
  void scalesAllGradientsTogetherAsTorch(float most, float firstOfA, float thirdOfB) {
    backward();
    Tensor norm = GradientClip.byNorm(List.of(a, b, untouched), most);
    assertThat(norm.item()).isCloseTo(5.852349758148193f, within(1e-6f));
    assertThat(a.grad().toFloats()[0]).isCloseTo(firstOfA, within(3e-7f));
    assertThat(b.grad().toFloats()[2]).isCloseTo(thirdOfB, within(3e-7f));
    assertThat(untouched.grad()).isNull();
  }

  @Test
  void theStepTakesTheClippedGradientAndTheNormStaysReadable() {
    backward();
    Sgd optimizer = Sgd.of(List.of(a, b), 1);
    Tensor norm = GradientClip.byNorm(List.of(a, b), 2);
    optimizer.step();
    assertThat(a.toFloats()[0]).isCloseTo(-1.0252291f, within(3e-7f));
    assertThat(norm.item()).isCloseTo(5.8523498f, within(1e-6f));
  }

  @Test
  void clipsAfterTheGradientsWereRead() {
    backward();
    assertThat(a.grad().toFloats()).containsExactly(3, -4, 0.5f);
    GradientClip.byNorm(List.of(a, b), 2);
    Sgd.of(List.of(a, b), 1).step();
    assertThat(a.toFloats()[0]).isCloseTo(-1.0252291f, within(3e-7f));
  }

  @Test
  void readingTheNormRunsForwardAndBackwardOnce() {
    Tensor loss = backward();
    Tensor norm = GradientClip.byNorm(List.of(a, b), 2);
    norm.item();
    assertThat(loss.node().isKnown()).isTrue();
    assertThat(a.variable().gradient().isKnown()).isTrue();
  }

  @Test
  void zeroGradientsStayZero() {
    a.mul(Tensor.zeros(3)).sum().backward();
    assertThat(GradientClip.byNorm(List.of(a), 1).item()).isZero();
    assertThat(a.grad().toFloats()).containsOnly(0);
  }

  @Test
  void errors() {
    assertThatThrownBy(() -> GradientClip.byNorm(List.of(a), 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("call backward() first");
    backward();
    for (float bad : new float[] {0, -1, Float.NaN}) {
      assertThatThrownBy(() -> GradientClip.byNorm(List.of(a), bad))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("must be positive");
    }
  }
}
