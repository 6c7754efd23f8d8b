package dev.peft4j.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The texts are what PyTorch 2.13 prints. */
class TensorFormatTest {
  private static final float NAN = Float.NaN;
  private static final float INF = Float.POSITIVE_INFINITY;

  @Test
  void columnsAreAligned() {
    assertThat(print(Tensor.of(new float[] {0.5f, -1.25f, 0, 10}, 2, 2)))
        .isEqualTo(
            """
            tensor([[ 0.5000, -1.2500],
                    [ 0.0000, 10.0000]])\
            """);
    assertThat(print(Tensor.zeros(4, 1)))
        .isEqualTo(
            """
            tensor([[0.],
                    [0.],
                    [0.],
                    [0.]])\
            """);
  }

  @Test
  void wholeNumbersHaveNoDecimals() {
    assertThat(print(Tensor.of(new float[] {1, 2, -30}))).isEqualTo("tensor([  1.,   2., -30.])");
    assertThat(print(Tensor.of(new long[] {1, -20, 300}))).isEqualTo("tensor([  1, -20, 300])");
    assertThat(print(Tensor.of(new int[] {7}))).isEqualTo("tensor([7], dtype=int32)");
  }

  @Test
  void scalarsHaveNoBrackets() {
    assertThat(print(Tensor.scalar(1.5f))).isEqualTo("tensor(1.5000)");
    assertThat(print(Tensor.scalar(3))).isEqualTo("tensor(3.)");
  }

  @Test
  void numbersOfVeryDifferentSizeHaveAnExponent() {
    assertThat(print(Tensor.of(new float[] {1e-5f, 1})))
        .isEqualTo("tensor([1.0000e-05, 1.0000e+00])");
    assertThat(print(Tensor.of(new float[] {1e9f, 1})))
        .isEqualTo("tensor([1.0000e+09, 1.0000e+00])");
    assertThat(print(Tensor.of(new float[] {123_456, 1})))
        .isEqualTo("tensor([1.2346e+05, 1.0000e+00])");
  }

  @Test
  void specialNumbers() {
    assertThat(print(Tensor.of(new float[] {NAN, 1.5f, INF, -INF})))
        .isEqualTo("tensor([   nan, 1.5000,    inf,   -inf])");
    assertThat(print(Tensor.of(new float[] {NAN, 0}))).isEqualTo("tensor([nan, 0.])");
    assertThat(print(Tensor.of(new float[] {-0f, 1.5f}))).isEqualTo("tensor([-0.0000, 1.5000])");
  }

  @Test
  void moreDimensionsAreSetApart() {
    assertThat(print(Tensor.of(new float[] {1.5f, 2, 3, 4}, 2, 1, 1, 2)))
        .isEqualTo(
            """
            tensor([[[[1.5000, 2.0000]]],


                    [[[3.0000, 4.0000]]]])\
            """);
  }

  @Test
  void longRowsAreBroken() {
    float[] thirds = new float[30];
    for (int i = 0; i < 30; i++) {
      thirds[i] = i / 3f;
    }
    assertThat(print(Tensor.of(thirds)))
        .isEqualTo(
            """
            tensor([0.0000, 0.3333, 0.6667, 1.0000, 1.3333, 1.6667, 2.0000, 2.3333, 2.6667,
                    3.0000, 3.3333, 3.6667, 4.0000, 4.3333, 4.6667, 5.0000, 5.3333, 5.6667,
                    6.0000, 6.3333, 6.6667, 7.0000, 7.3333, 7.6667, 8.0000, 8.3333, 8.6667,
                    9.0000, 9.3333, 9.6667])\
            """);
  }

  @Test
  void manyElementsAreCutShort() {
    int[] numbers = IntStream.range(0, 1600).toArray();
    float[] v = new float[1600];
    for (int i : numbers) {
      v[i] = i % 10;
    }
    assertThat(TensorFormat.format(Tensor.of(v, 40, 40), "requires_grad=True"))
        .isEqualTo(
            """
            tensor([[0., 1., 2.,  ..., 7., 8., 9.],
                    [0., 1., 2.,  ..., 7., 8., 9.],
                    [0., 1., 2.,  ..., 7., 8., 9.],
                    ...,
                    [0., 1., 2.,  ..., 7., 8., 9.],
                    [0., 1., 2.,  ..., 7., 8., 9.],
                    [0., 1., 2.,  ..., 7., 8., 9.]], requires_grad=True)\
            """);
  }

  @Test
  void emptyTensors() {
    assertThat(print(Tensor.zeros(0))).isEqualTo("tensor([])");
    assertThat(print(Tensor.zeros(0, 3))).isEqualTo("tensor([], size=(0, 3))");
  }

  @Test
  void aSuffixThatDoesNotFitGoesToTheNextLine() {
    assertThat(TensorFormat.format(Tensor.of(new float[] {1, 2}), "requires_grad=True"))
        .isEqualTo("tensor([1., 2.], requires_grad=True)");
    float[] v = new float[9];
    java.util.Arrays.fill(v, 0.5f);
    assertThat(TensorFormat.format(Tensor.of(v), "requires_grad=True"))
        .isEqualTo(
            """
            tensor([0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000],
                   requires_grad=True)\
            """);
  }

  private static String print(Tensor t) {
    return TensorFormat.format(t);
  }
}
