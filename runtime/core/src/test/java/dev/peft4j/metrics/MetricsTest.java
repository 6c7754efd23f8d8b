package dev.peft4j.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** The numbers are scikit-learn 1.9's. */
class MetricsTest {
  private static final int[] LABELS = {0, 1, 2, 2, 1, 0, 3, 2, 1, 0, 2, 2};
  private static final int[] PREDICTIONS = {0, 2, 2, 2, 1, 1, 0, 2, 1, 0, 0, 2};
  private static final Offset<Double> NEAR = within(1e-12);

  private final ConfusionMatrix matrix = ConfusionMatrix.of(LABELS, PREDICTIONS, 4);

  @Test
  void averages() {
    assertThat(matrix.precision(Average.MACRO)).isCloseTo(0.49166666666666664, NEAR);
    assertThat(matrix.precision(Average.WEIGHTED)).isCloseTo(0.625, NEAR);
    assertThat(matrix.recall(Average.MACRO)).isCloseTo(0.5333333333333333, NEAR);
    assertThat(matrix.recall(Average.WEIGHTED)).isCloseTo(0.6666666666666666, NEAR);
    assertThat(matrix.f1(Average.MACRO)).isCloseTo(0.5095238095238095, NEAR);
    assertThat(matrix.f1(Average.MICRO)).isCloseTo(0.6666666666666666, NEAR);
    assertThat(matrix.f1(Average.WEIGHTED)).isCloseTo(0.6428571428571429, NEAR);
    assertThat(matrix.accuracy()).isEqualTo(Metrics.accuracy(LABELS, PREDICTIONS));
  }

  @Test
  void byClass() {
    assertThat(matrix.precision(2)).isCloseTo(0.8, NEAR);
    assertThat(matrix.precision(3)).isZero();
    assertThat(matrix.recall(0)).isCloseTo(2 / 3.0, NEAR);
    assertThat(matrix.f1(0)).isCloseTo(0.57142857142857, NEAR);
    assertThat(matrix.support(2)).isEqualTo(5);
    assertThat(matrix.predicted(2)).isEqualTo(5);
    assertThat(matrix.count(3, 0)).isEqualTo(1);
  }

  @Test
  void matthews() {
    assertThat(matrix.matthews()).isCloseTo(0.5157106231293968, NEAR);
    assertThat(ConfusionMatrix.of(new int[] {1, 1}, new int[] {0, 1}, 2).matthews()).isZero();
  }

  @Test
  void aTable() {
    assertThat(
            ConfusionMatrix.of(new int[] {0, 1, 1}, new int[] {0, 0, 1}, 2)
                .table(List.of("no", "yes")))
        .isEqualTo("      no  yes\n no    1    0\nyes    1    1\n");
  }

  @Test
  void areaUnderTheCurve() {
    int[] labels = {0, 0, 1, 1, 0, 1, 1, 0};
    float[] scores = {.1f, .4f, .35f, .8f, .4f, .4f, .9f, .05f};
    assertThat(Metrics.rocAuc(labels, scores)).isCloseTo(0.8125, NEAR);
  }

  @Test
  void areasOfSeveralClasses() {
    int[] labels = {0, 1, 2, 2, 1, 0, 2, 1};
    double[][] p = {
      {.7, .2, .1}, {.3, .4, .3}, {.2, .2, .6}, {.1, .5, .4},
      {.4, .3, .3}, {.6, .3, .1}, {.3, .3, .4}, {.25, .5, .25}
    };
    assertThat(Metrics.rocAuc(labels, p, Average.MACRO)).isCloseTo(0.9222222222222222, NEAR);
    assertThat(Metrics.rocAuc(labels, p, Average.WEIGHTED)).isCloseTo(0.9125, NEAR);
    assertThat(Metrics.rocAuc(labels, p, Average.MICRO)).isCloseTo(0.921875, NEAR);
    float[][] single = new float[p.length][3];
    for (int i = 0; i < p.length; i++) {
      for (int c = 0; c < 3; c++) {
        single[i][c] = (float) p[i][c];
      }
    }
    assertThat(Metrics.rocAuc(labels, single, Average.MACRO)).isCloseTo(0.9222222222222222, NEAR);
    wrong(
        () -> Metrics.rocAuc(new int[] {0, 1, 1}, Arrays.copyOf(p, 3), Average.MACRO),
        "class 2 has 0 of 3 examples");
    wrong(
        () -> Metrics.rocAuc(new int[] {0, 1}, new double[][] {{3, 1}, {0, 1}}, Average.MACRO),
        "the probabilities of row 0 have the sum 4.0, needed 1; logits become probabilities by");
    wrong(() -> Metrics.rocAuc(labels, Arrays.copyOf(p, 3), Average.MACRO), "3 rows of prob");
    wrong(
        () -> Metrics.rocAuc(new int[] {0, 3}, Arrays.copyOf(p, 2), Average.MACRO),
        "label 3 at position 1");
  }

  @Test
  void determination() {
    double[] expected = {3, -0.5, 2, 7};
    double[] predicted = {2.5, 0.0, 2, 8};
    assertThat(Metrics.meanAbsoluteError(expected, predicted)).isEqualTo(0.5);
    assertThat(Metrics.meanSquaredError(expected, predicted)).isEqualTo(0.375);
    assertThat(Metrics.rootMeanSquaredError(expected, predicted))
        .isCloseTo(0.6123724356957945, NEAR);
    assertThat(Metrics.r2(expected, predicted)).isCloseTo(0.9486081370449679, NEAR);
    assertThat(Metrics.r2(new float[] {1, 2, 3}, new float[] {3, 2, 1})).isEqualTo(-3);
    assertThat(Metrics.r2(new float[] {1, 1, 1}, new float[] {1, 1, 1})).isEqualTo(1);
    assertThat(Metrics.r2(new float[] {1, 1, 1}, new float[] {1, 2, 1})).isZero();
    wrong(() -> Metrics.r2(new float[] {1}, new float[] {1}), "needed at least two");
  }

  @Test
  void differences() {
    float[] expected = {1, 2, 3};
    float[] predicted = {1, 0, 4};
    assertThat(Metrics.meanAbsoluteError(expected, predicted)).isEqualTo(1);
    assertThat(Metrics.meanSquaredError(expected, predicted)).isCloseTo(5 / 3.0, NEAR);
    assertThat(Metrics.perplexity(Math.log(20))).isCloseTo(20, within(1e-9));
  }

  @Test
  void whatIsWrongIsSaid() {
    wrong(() -> Metrics.accuracy(LABELS, new int[3]), "3 predictions, needed 12");
    wrong(() -> Metrics.accuracy(new int[0], new int[0]), "there are no predictions");
    wrong(() -> ConfusionMatrix.of(LABELS, PREDICTIONS, 3), "label 3 at position 6");
    wrong(() -> Metrics.rocAuc(new int[] {1, 1}, new float[2]), "all labels are 1");
    wrong(() -> Metrics.rocAuc(new int[] {1, 2}, new float[2]), "label 2 at position 1");
    wrong(
        () -> Metrics.rocAuc(new int[] {1, 0}, new float[] {0, Float.NaN}),
        "score at position 1 is NaN");
    wrong(
        () -> Metrics.meanAbsoluteError(new float[] {Float.NaN}, new float[1]),
        "expected number at position 0 is NaN");
    wrong(() -> Metrics.perplexity(Double.NaN), "the loss is NaN");
    wrong(() -> matrix.table(List.of("a")), "1 names, needed 4");
  }

  private static void wrong(Runnable call, String message) {
    assertThatThrownBy(call::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
