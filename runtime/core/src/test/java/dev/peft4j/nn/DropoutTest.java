package dev.peft4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.data.Rng;
import dev.peft4j.tensor.Tensor;
import org.junit.jupiter.api.Test;

class DropoutTest {
  private static final Tensor ONES = Tensor.full(1, 100, 100);

  @Test
  void zeroesAShareAndScalesTheRest() {
    float[] y = new Dropout(0.2, new Rng(1)).forward(ONES).toFloats();
    int zeros = 0;
    for (float v : y) {
      assertThat(v).isIn(0f, 1.25f);
      zeros += v == 0 ? 1 : 0;
    }
    assertThat(zeros / (double) y.length).isCloseTo(0.2, within(0.016)); // four standard errors
  }

  @Test
  void doesNothingInEvaluationAndForZero() {
    Dropout d = new Dropout(0.5);
    d.eval();
    assertThat(d.forward(ONES)).isSameAs(ONES);
    assertThat(new Dropout(0).forward(ONES)).isSameAs(ONES);
  }

  @Test
  void everyCallHasAMaskOfItsOwnThatTheSeedFixes() {
    Dropout a = new Dropout(0.5, new Rng(5));
    Dropout b = new Dropout(0.5, new Rng(5));
    float[] first = a.forward(ONES).toFloats();
    assertThat(b.forward(ONES).toFloats()).isEqualTo(first);
    assertThat(a.forward(ONES).toFloats()).isNotEqualTo(first);
    assertThat(new Dropout(0.5, new Rng(6)).forward(ONES).toFloats()).isNotEqualTo(first);
    Dropout again = new Dropout(0.5, new Rng(5, 1));
    b.forward(ONES);
    assertThat(again.forward(ONES).toFloats()).isNotEqualTo(first);
  }

  @Test
  void twoLayersOfOneModelHaveDifferentMasks() {
    Sequential s = Rng.with(1, () -> new Sequential(new Dropout(0.5), new Dropout(0.5)));
    float[] a = s.layers().get(0).forward(ONES).toFloats();
    float[] b = s.layers().get(1).forward(ONES).toFloats();
    assertThat(a).isNotEqualTo(b);
  }

  @Test
  void theGradientPassesWhereTheValueDid() {
    Parameter p = new Parameter(new float[1000], 1000);
    Tensor y = new Dropout(0.5, new Rng(2)).forward(p.add(1));
    y.sum().backward();
    assertThat(p.grad().toFloats()).isEqualTo(y.toFloats());
  }

  @Test
  void probabilitiesOutsideTheIntervalAreErrors() {
    for (double p : new double[] {-0.1, 1, 1.5, Double.NaN}) {
      assertThatThrownBy(() -> new Dropout(p))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("p is " + p + ", must be at least 0 and less than 1");
    }
  }
}
