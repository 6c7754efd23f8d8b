package dev.peft4j.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.Parameter;
import org.junit.jupiter.api.Test;

/** Making and reading tensors. */
class TensorTest {
  @Test
  void makes() {
    assertThat(Tensor.of(new float[] {1, 2, 3}).shape()).isEqualTo(Shape.of(3));
    assertThat(Tensor.of(new int[] {1, 2}, 2, 1).dtype()).isEqualTo(DType.INT32);
    assertThat(Tensor.of(new long[] {1, 2}).dtype()).isEqualTo(DType.INT64);
    assertThat(Tensor.scalar(2).shape()).isEqualTo(Shape.SCALAR);
    assertThat(Tensor.full(2, 2, 2).toFloats()).containsExactly(2, 2, 2, 2);
    assertThat(Tensor.zeros().item()).isZero();
    Storage s = Storage.of(1, 2);
    assertThat(Tensor.of(s, Shape.of(1, 2)).storage()).isSameAs(s);
  }

  @Test
  void reads() {
    Tensor ids = Tensor.of(new long[] {1, 5_000_000_000L});
    assertThat(ids.toLongs()).containsExactly(1, 5_000_000_000L);
    assertThat(Tensor.of(new int[] {-3}).item()).isEqualTo(-3);
    assertThat(Tensor.of(new int[] {-3, 4}).toFloats()).containsExactly(-3, 4);
    assertThat(Tensor.of(new float[] {2.9f}).toInts()).containsExactly(2);
    assertThatThrownBy(() -> ids.item())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("item: shape (2,) holds 2 elements, needed one");
  }

  @Test
  void integersMoveLikeNumbers() {
    Tensor ids = Tensor.of(new long[] {1, 2, 3, 4, 5, 6}, 2, 3);
    assertThat(ids.transpose(0, 1).toLongs()).containsExactly(1, 4, 2, 5, 3, 6);
    assertThat(ids.slice(1, 1, 3).reshape(4).toLongs()).containsExactly(2, 3, 5, 6);
    Tensor ints = Tensor.concat(0, Tensor.of(new int[] {7}), Tensor.of(new int[] {8, 9}));
    assertThat(ints.dtype()).isEqualTo(DType.INT32);
    assertThat(ints.toInts()).containsExactly(7, 8, 9);
  }

  @Test
  void findsTheLargest() {
    Tensor t = Tensor.of(new float[] {1, 3, 3, 5, 4, -1}, 2, 3);
    assertThat(t.argmax()).containsExactly(1, 0);
    assertThat(Tensor.scalar(4).argmax()).containsExactly(0);
  }

  @Test
  void prints() {
    assertThat(Tensor.of(new float[] {1, 2.5f, -3, 0}, 2, 2))
        .hasToString("tensor([[ 1.0000,  2.5000],\n        [-3.0000,  0.0000]])");
    assertThat(Tensor.scalar(1)).hasToString("tensor(1.)");
    assertThat(Tensor.of(new int[] {1, 2})).hasToString("tensor([1, 2], dtype=int32)");
    assertThat(Tensor.zeros(100)).hasToString("Tensor(100,) FLOAT32");
  }

  @Test
  void aDetachedTensorIsAConstant() {
    Tensor x = new Parameter(new float[] {1, 2}, 2).exp();
    assertThat(x.node().requiresGrad()).isTrue();
    assertThat(x.detach().node().requiresGrad()).isFalse();
    assertThat(x.detach().toFloats()).isEqualTo(x.toFloats());
  }
}
