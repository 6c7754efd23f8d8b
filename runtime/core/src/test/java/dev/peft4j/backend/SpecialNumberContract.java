package dev.peft4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.backend.cases.Compare;
import dev.peft4j.graph.Variable;
import dev.peft4j.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** NaN, infinities, ties and numbers out of range: the answers are torch 2's. */
abstract class SpecialNumberContract extends HalfWeightContract {
  private static final float NAN = Float.NaN;
  private static final float INF = Float.POSITIVE_INFINITY;

  @Test
  void reluPassesNanAndStopsGradientsWhereItIsOff() {
    Variable x = variable(NAN, INF, -INF, 0, -2, 1);
    Tensor y = Tensor.of(x.node()).relu();
    assertThat(values(y)).containsExactly(NAN, INF, 0, 0, 0, 1);
    assertThat(gradient(y, x, 1, INF, INF, INF, NAN, NAN)).containsExactly(1, INF, 0, 0, 0, NAN);
  }

  @Test
  void maskedFillStopsWhateverComesIn() {
    Variable x = variable(NAN, INF, -INF, 0, 1, 1);
    Tensor y = Tensor.of(x.node()).maskedFill(Tensor.of(new float[] {0, 1, 0, 1, 0, NAN}), 2);
    assertThat(values(y)).containsExactly(NAN, 2, -INF, 2, 1, 2);
    assertThat(gradient(y, x, INF, INF, NAN, NAN, 1, 1)).containsExactly(INF, 0, NAN, 0, 1, 0);
  }

  @Test
  void theLargerOfTwoIsNanIfOneIs() {
    Tensor a = Tensor.of(new float[] {NAN, 1, 2, INF, -INF, -0f});
    Tensor b = Tensor.of(new float[] {1, NAN, 3, 1, 1, 0f});
    assertThat(values(a.maximum(b))).containsExactly(NAN, NAN, 3, INF, 1, 0);
    assertThat(values(a.minimum(b))).startsWith(NAN, NAN, 2, 1, -INF);
  }

  @Test
  void equalArgumentsShareTheGradient() {
    Variable a = variable(2, 1, 5);
    Variable b = variable(2, 3, 5);
    Tensor y = Tensor.of(a.node()).maximum(Tensor.of(b.node()));
    assertThat(gradient(y, a, 1, 1, 4)).containsExactly(0.5f, 0, 2);
    assertThat(values(Tensor.of(b.gradient()))).containsExactly(0.5f, 1, 2);
  }

  @Test
  void theLargestIsNanIfOneIs() {
    float[] v = {1, NAN, 2, INF, INF, 0, -INF, -INF, -INF, NAN, NAN, NAN};
    assertThat(values(Tensor.of(v, 4, 3).max(1))).containsExactly(NAN, INF, -INF, NAN);
    assertThat(values(Tensor.of(v, 4, 3).max(0))).containsExactly(NAN, NAN, NAN);
    assertThat(values(Tensor.of(v, 4, 3).max())).containsExactly(NAN);
  }

  @Test
  void equalLargestShareTheGradient() {
    Variable x = variable(3, 1, 3, -INF, -INF, -INF, INF, INF, 0);
    Tensor y = Tensor.of(x.node()).reshape(3, 3).max(1);
    float third = 1 / 3f;
    assertThat(gradient(y, x, 2, 1, 1))
        .containsExactly(1, 0, 1, third, third, third, 0.5f, 0.5f, 0);
  }

  @Test
  void softmaxOfSpecialNumbers() {
    float[] v = {1, NAN, 2, INF, INF, 0, -INF, -INF, -INF, -INF, 0, 0};
    Tensor x = Tensor.of(v, 4, 3);
    assertThat(values(x.softmax(-1)))
        .containsExactly(NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0, 0.5f, 0.5f);
    assertThat(values(x.slice(0, 3, 4).logSoftmax(-1))[0]).isEqualTo(-INF);
    assertThat(values(x.slice(0, 0, 1).logSoftmax(-1))).containsExactly(NAN, NAN, NAN);
  }

  @Test
  void functionsOutsideTheirDomain() {
    Tensor x = Tensor.of(new float[] {-1, 0, INF, NAN, -INF});
    assertThat(values(x.log())).containsExactly(NAN, -INF, INF, NAN, NAN);
    assertThat(values(x.sqrt())).containsExactly(NAN, 0, INF, NAN, NAN);
    assertThat(values(x.rsqrt())).containsExactly(NAN, INF, 0, NAN, NAN);
    assertThat(values(x.exp())).satisfies(e -> assertThat(e[2]).isEqualTo(INF));
    assertThat(values(x.exp())).endsWith(INF, NAN, 0);
    assertThat(values(x.tanh())).endsWith(1, NAN, -1);
    assertThat(values(x.sigmoid())).endsWith(1, NAN, 0);
    assertThat(values(x.erf())).endsWith(1, NAN, -1);
    assertThat(values(x.abs())).containsExactly(1, 0, INF, NAN, INF);
    assertThat(values(Tensor.scalar(1).div(x))).containsExactly(-1, INF, 0, NAN, -0f);
    assertThat(values(x.pow(2))).containsExactly(1, 0, INF, NAN, INF);
    assertThat(values(x.pow(0))).containsExactly(1, 1, 1, 1, 1);
    assertThat(values(Tensor.of(new float[] {100, -100, 88, -88}).exp()))
        .satisfies(e -> assertThat(e[0]).isEqualTo(INF))
        .satisfies(e -> assertThat(e[2]).isBetween(1.6516e38f, 1.6517e38f))
        .satisfies(e -> assertThat(e[1]).isBetween(0f, 1e-43f));
    assertThat(values(Tensor.of(new float[] {100, -100}).silu()))
        .satisfies(e -> assertThat(e[0]).isEqualTo(100));
  }

  @Test
  void crossEntropyOfClassesThatAreRuledOut() {
    Variable x = variable(0, -INF, 1, 1, 2, 3);
    Tensor loss = Tensor.of(x.node()).reshape(2, 3).crossEntropy(Tensor.of(new long[] {0, 2}));
    Compare.close("loss", values(loss), new double[] {0.8604}, 1e-4);
    double[] expected = {-0.3655, 0, 0.3655, 0.0450, 0.1224, -0.1674};
    Compare.close("gradient", gradient(loss, x, 1), expected, 1e-4);
  }

  @Test
  void crossEntropyOfNothing() {
    Variable x = variable(0, 1, 1, 1, 2, 3);
    Tensor loss =
        Tensor.of(x.node()).reshape(2, 3).crossEntropy(Tensor.of(new long[] {-100, -100}));
    assertThat(values(loss)).containsExactly(NAN);
    assertThat(gradient(loss, x, 1)).containsExactly(0, 0, 0, 0, 0, 0);
  }

  @Test
  void dropoutScalesWhatItKeeps() {
    Tensor x = Tensor.full(1, 10_000);
    float[] a = values(x.dropout(0.25f, Tensor.of(new long[] {7})));
    float[] b = values(x.dropout(0.25f, Tensor.of(new long[] {8})));
    int kept = 0;
    for (float v : a) {
      assertThat(v).isIn(0f, 1 / 0.75f);
      kept += v == 0 ? 0 : 1;
    }
    assertThat(kept).isBetween(7300, 7700);
    assertThat(a).isNotEqualTo(b).isEqualTo(values(x.dropout(0.25f, Tensor.of(new long[] {7}))));
  }

  @Test
  void idsOutsideTheTable() {
    for (long id : new long[] {-1, 3, 4_294_967_296L}) {
      Tensor rows = Tensor.zeros(3, 2).embedding(Tensor.of(new long[] {0, id}));
      assertThatThrownBy(() -> values(rows))
          .isInstanceOf(IndexOutOfBoundsException.class)
          .hasMessage(
              "gather: id " + id + " at position 1 is out of range for a table of 3 rows (0 to 2)");
    }
    assertThatThrownBy(() -> values(Tensor.zeros(3, 2).embedding(Tensor.of(new int[] {5}))))
        .hasMessageContaining("id 5 at position 0");
    assertThat(values(Tensor.full(4, 3, 1).embedding(Tensor.of(new int[] {2})))).containsExactly(4);
  }

  @Test
  void labelsOutsideTheClasses() {
    for (long label : new long[] {-1, 3, 4_294_967_296L}) {
      Tensor loss = Tensor.zeros(2, 3).crossEntropy(Tensor.of(new long[] {0, label}));
      assertThatThrownBy(() -> values(loss))
          .isInstanceOf(IndexOutOfBoundsException.class)
          .hasMessage(
              "crossEntropy: label "
                  + label
                  + " in row 1 is out of range for 3 classes (0 to 2, or -100 to ignore the row)");
    }
    assertThat(values(Tensor.zeros(1, 1).crossEntropy(Tensor.of(new int[] {0})))[0]).isZero();
  }
}
