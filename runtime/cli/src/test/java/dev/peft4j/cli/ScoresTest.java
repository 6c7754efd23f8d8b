package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ScoresTest {
  /** As torch's cross_entropy: a probability of less than 1e-38 is still one. */
  @Test
  void theLossDoesNotOverflow() {
    assertThat(Scores.loss(new float[] {200, 0}, 1)).isEqualTo(200);
    assertThat(Scores.loss(new float[] {95, 0}, 1)).isEqualTo(95);
    assertThat(Scores.loss(new float[] {200, 0}, 0)).isZero();
    assertThat(Scores.loss(new float[] {3e38f, -3e38f}, 1)).isEqualTo(2.0 * 3e38f);
    assertThat(Scores.loss(new float[] {-1e4f, -1e4f}, 0)).isCloseTo(Math.log(2), within(1e-12));
    assertThat(Scores.loss(new float[] {1, 2, 3}, 0)).isCloseTo(2.40760596444438, within(1e-12));
  }

  @Test
  void probabilitiesAreFinite() {
    assertThat(Scores.softmax(new float[] {3e38f, -3e38f})).containsExactly(1, 0);
    assertThat(Scores.softmax(new float[] {0, 0, 0, 0})).containsOnly(0.25);
    assertThat(Scores.softmax(new float[] {-200, -200.5f})[0])
        .isCloseTo(1 / (1 + Math.exp(-0.5)), within(1e-12));
  }

  @Test
  void measuresAClassifier() {
    float[][] logits = {{1, 0}, {0, 1}, {200, 0}, {0, 3}};
    var values = Scores.of(logits, new int[] {0, 1, 1, 1});
    double small = Math.log1p(Math.exp(-1));
    assertThat(values.get("loss"))
        .isCloseTo((2 * small + 200 + Math.log1p(Math.exp(-3))) / 4, within(1e-12));
    assertThat(values.get("accuracy")).isEqualTo(0.75);
    assertThat(values.get("f1")).isCloseTo((2.0 / 3 + 0.8) / 2, within(1e-12));
  }
}
