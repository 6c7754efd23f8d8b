package dev.peft4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.peft4j.backend.cases.Compare;
import dev.peft4j.data.IndexException;
import dev.peft4j.data.Rng;
import dev.peft4j.graph.Variable;
import dev.peft4j.op.Pointwise;
import dev.peft4j.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** NaN, infinities, ties and numbers out of range: the answers are torch 2's. */
abstract class SpecialNumberContract extends EncodingContract {
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

  /** As precise as float32 at any size: logits (m, m, -m) with label 1 are ln 2. */
  @ParameterizedTest
  @ValueSource(floats = {150, 1e3f, 1e4f, 1e5f, 1e6f, 1e7f, 1e10f, 1e20f, 1e30f, 1.7e38f})
  void crossEntropyOfLargeLogits(float m) {
    for (float shift : new float[] {m, -m}) {
      float far = shift > 0 ? -m : -2 * m;
      Variable x = variable(shift, shift, far, 7, 8, 9, shift, far, far);
      Tensor logits = Tensor.of(x.node()).reshape(3, 3);
      Tensor loss = logits.crossEntropy(Tensor.of(new int[] {1, -100, 0}));
      assertThat(values(loss)[0]).isCloseTo((float) (Math.log(2) / 2), within(1e-7f));
      assertThat(gradient(loss, x, 1)).containsExactly(0.25f, -0.25f, 0, 0, 0, 0, 0, 0, 0);
      float[] log = values(logits.logSoftmax(-1));
      assertThat(log[0]).isCloseTo((float) -Math.log(2), within(1e-7f));
      assertThat(log[6]).isZero();
    }
  }

  /** A hundred thousand alike and a little more; a label that is far away; minus infinity. */
  @Test
  void crossEntropyOfMixedSizes() {
    Tensor labels = Tensor.of(new int[] {1});
    float[][] logits = {{200, 0}, {95, 0}, {1e30f, -1e30f}, {1e6f, 1e6f + 1}, {1e5f, 1e5f - 0.5f}};
    double[] expected = {200, 95, 2e30, Math.log1p(Math.exp(-1)), 0.5 + Math.log1p(Math.exp(-0.5))};
    for (int i = 0; i < logits.length; i++) {
      float loss = values(Tensor.of(logits[i], 1, 2).crossEntropy(labels))[0];
      assertThat((double) loss).isCloseTo(expected[i], withinPercentage(2e-5));
    }
    Variable x = variable(-INF, 0, 1, -INF, -INF, -INF);
    Tensor both = Tensor.of(x.node()).reshape(2, 3);
    Tensor ignored = both.crossEntropy(Tensor.of(new int[] {1, -100}));
    assertThat(values(ignored)[0]).isCloseTo(1.3132616f, within(1e-6f));
    assertThat(values(both.crossEntropy(Tensor.of(new int[] {0, -100})))).containsExactly(INF);
    assertThat(values(both.crossEntropy(Tensor.of(new int[] {1, 0})))).containsExactly(NAN);
    Compare.close(
        "gradient", gradient(ignored, x, 1), new double[] {0, -0.7311, 0.7311, 0, 0, 0}, 1e-4);
  }

  /** What torch's {@code scaled_dot_product_attention} gives: 0, and no gradient. */
  @Test
  void attentionThatSeesNothing() {
    float[] mask = {0, 0, 0, -INF, -INF, -INF, -INF, 0, -INF};
    for (int[] shape : new int[][] {{3, 3}, {1, 1, 3, 3}, {1, 2, 3, 3}}) {
      float[] all = shape.length == 4 && shape[1] == 2 ? twice(mask) : mask;
      blindRows(Tensor.of(all, shape), 1);
    }
    blindRows(Tensor.full(-INF, 1, 1, 1, 3), 0, 1, 2);
    blindRows(Tensor.full(-INF, 3, 1), 0, 1, 2);
    blindRows(Tensor.full(-INF), 0, 1, 2);
    // a query later than all keys
    Tensor y =
        Tensor.attention(
            Tensor.full(1, 1, 3, 2),
            Tensor.full(1, 1, 1, 2),
            Tensor.full(4, 1, 1, 2),
            null,
            1,
            1,
            true);
    assertThat(values(y)).containsExactly(0, 0, 0, 0, 4, 4);
  }

  private static float[] twice(float[] x) {
    float[] y = Arrays.copyOf(x, 2 * x.length);
    System.arraycopy(x, 0, y, x.length, x.length);
    return y;
  }

  private void blindRows(Tensor mask, int... blind) {
    float[] values = new Rng(3).normal(12, 0, 1);
    Variable q = variable(values);
    Variable k = variable(values);
    Tensor key = Tensor.of(k.node()).reshape(1, 3, 4);
    Tensor y = Tensor.attention(Tensor.of(q.node()).reshape(1, 3, 4), key, key, mask, 2, 2, false);
    float[] out = values(y);
    y.add(1).square().sum().backward();
    float[] dq = values(Tensor.of(q.gradient()));
    float[] dk = values(Tensor.of(k.gradient()));
    for (int row = 0; row < 3; row++) {
      boolean hidden = Arrays.binarySearch(blind, row) >= 0;
      for (int i = 4 * row; i < 4 * row + 4; i++) {
        assertThat(out[i] == 0).as("row %s: %s", row, out[i]).isEqualTo(hidden);
        assertThat(dq[i]).isFinite();
        assertThat(dk[i]).isFinite();
        if (hidden) {
          assertThat(dq[i]).isZero();
        }
      }
    }
  }

  /** NaN where torch's layerNorm gives NaN; never a 0 that passes for a result. */
  @Test
  void normsOfNumbersWhoseSquaresAreTooLarge() {
    Tensor one = Tensor.full(1, 3);
    for (float m : new float[] {1e20f, 1e30f, 3e38f}) {
      Variable x = variable(m, m, -m, 1, 2, 3);
      Tensor rows = Tensor.of(x.node()).reshape(2, 3);
      for (Tensor y : List.of(rows.layerNorm(one, one, 1e-5f), rows.rmsNorm(one, 1e-5f))) {
        x.clearGradient();
        float[] values = values(y);
        float[] gradient = gradient(y, x, 1, 2, 3, 1, 2, 3);
        for (int i = 0; i < 6; i++) {
          assertThat(Float.isNaN(values[i])).as("%s: %s", i, values[i]).isEqualTo(i < 3);
          assertThat(Float.isNaN(gradient[i])).as("%s: %s", i, gradient[i]).isEqualTo(i < 3);
        }
      }
    }
    float[] v = values(Tensor.of(new float[] {1e18f, -1e18f, 0}, 1, 3).layerNorm(one, one, 1e-5f));
    Compare.close("layerNorm", v, new double[] {2.2247449, -0.2247449, 1}, 1e-6);
  }

  /** A derivative that is 0 everywhere is a gradient of zeros; a comparison has none. */
  @Test
  void gradientsOfWhatDoesNotChange() {
    Variable x = variable(1, 0, -2);
    Tensor t = Tensor.of(x.node());
    assertThat(values(t.pow(0))).containsExactly(1, 1, 1);
    assertThat(gradient(t.pow(0), x, 1, 2, 3)).containsExactly(0, 0, 0);
    x.clearGradient();
    assertThat(gradient(t.mul(0), x, 1, 2, 3)).containsExactly(0, 0, 0);
    x.clearGradient();
    assertThat(gradient(t.pow(0).add(t), x, 1, 2, 3)).containsExactly(1, 2, 3);
    x.clearGradient();
    Tensor chosen = t.maskedFill(t.apply(Pointwise.GREATER, Tensor.zeros(3)), 5);
    assertThat(gradient(chosen, x, 1, 2, 3)).containsExactly(0, 2, 3);
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
          .isInstanceOf(IndexException.class)
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
          .isInstanceOf(IndexException.class)
          .hasMessage(
              "crossEntropy: label "
                  + label
                  + " in row 1 is out of range for 3 classes (0 to 2, or -100 to ignore the row)");
    }
    assertThat(values(Tensor.zeros(1, 1).crossEntropy(Tensor.of(new int[] {0})))[0]).isZero();
  }
}
