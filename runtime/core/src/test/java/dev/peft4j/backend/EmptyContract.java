package dev.peft4j.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.data.DType;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Variable;
import dev.peft4j.op.Window;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Dimensions of size 0, and empty parts of dimensions of size 1; the answers are torch's. */
abstract class EmptyContract extends BackendFixture {
  private static Variable zeros(int... shape) {
    Shape s = Shape.of(shape);
    return new Variable("x", Storage.allocate(DType.FLOAT32, s.elements()), s, true);
  }

  private void empty(Tensor t, int... shape) {
    assertThat(t.shape()).isEqualTo(Shape.of(shape));
    assertThat(values(t)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 1000})
  void anEmptyPartOfAChain(int n) {
    Tensor x = Tensor.full(3, n, 1, 5);
    empty(x.square().slice(1, 0, 0), n, 0, 5);
    empty(x.square().slice(1, 1, 1), n, 0, 5);
    empty(x.square().add(Tensor.full(1, 1, 5)).tanh().slice(1, 0, 0), n, 0, 5);
    empty(Tensor.full(1, 1, 1).exp().slice(0, 0, 0).mul(x.exp()), n, 0, 5);
  }

  /** A batch of texts of three tokens, of two, of one: the sum of all but the first. */
  @Test
  void theSumOfNothingIsZero() {
    Tensor w = Tensor.of(new Rng(1).normal(64 * 64, 0, 0.1f), 64, 64);
    for (int tokens = 3; tokens > 0; tokens--) {
      float[] x = new Rng(tokens).normal(32 * tokens * 64, 0, 1);
      Tensor h = Tensor.of(x, 32, tokens, 64).linear(w, null).gelu();
      float[] rest = values(h.slice(1, 1, tokens).sum(1));
      assertThat(rest).hasSize(32 * 64);
      for (float v : rest) {
        assertThat(v == 0).as("sum %s over %s tokens", v, tokens - 1).isEqualTo(tokens == 1);
      }
    }
  }

  @Test
  void emptyPartsOfOtherOps() {
    Tensor q = Tensor.full(1, 2, 1, 8);
    Tensor eight = Tensor.full(1, 8);
    empty(Tensor.attention(q, q, q, null, 2, 2, false).slice(1, 0, 0), 2, 0, 8);
    empty(Tensor.attention(q, q, q, Tensor.zeros(1, 1), 2, 2, false).slice(1, 1, 1), 2, 0, 8);
    empty(Tensor.attention(q, q, q, null, 2, 2, true).slice(0, 0, 0), 0, 1, 8);
    empty(q.layerNorm(eight, eight, 1e-5f).slice(1, 0, 0), 2, 0, 8);
    empty(q.rmsNorm(eight, 1e-5f).slice(2, 3, 3), 2, 1, 0);
    empty(q.softmax(-1).slice(1, 1, 1), 2, 0, 8);
    empty(q.linear(Tensor.full(1, 4, 8), null).slice(1, 0, 0), 2, 0, 4);
    empty(q.matmul(Tensor.full(1, 8, 3)).slice(1, 0, 0), 2, 0, 3);
    empty(Tensor.full(1, 4, 3).embedding(Tensor.of(new int[] {1})).slice(0, 1, 1), 0, 3);
    empty(Tensor.concat(1, q, q.exp()).slice(1, 1, 1).tanh(), 2, 0, 8);
    empty(Tensor.zeros(65536, 65536, 0).add(1), 65536, 65536, 0);
    assertThat(values(Tensor.zeros(0, 65536, 65536).exp().sum())).containsExactly(0);
    empty(Tensor.zeros(0, 3).mean(1), 0);
    empty(Tensor.zeros(0, 3).exp().max(1), 0);
  }

  @Test
  void productsOverNothing() {
    Variable x = zeros(2, 0);
    Variable w = zeros(3, 0);
    Variable b = variable(1, 2, 3);
    Tensor y = Tensor.of(x.node()).linear(Tensor.of(w.node()), Tensor.of(b.node()));
    assertThat(values(y)).containsExactly(1, 2, 3, 1, 2, 3);
    assertThat(gradient(y, b, 1, 1, 1, 2, 2, 2)).containsExactly(3, 3, 3);
    empty(Tensor.of(x.gradient()), 2, 0);
    empty(Tensor.of(w.gradient()), 3, 0);
    Variable left = zeros(2, 4, 0);
    Variable right = zeros(0, 3);
    Tensor product = Tensor.of(left.node()).matmul(Tensor.of(right.node()));
    product.square().sum().backward();
    assertThat(values(product)).containsOnly(0).hasSize(24);
    empty(Tensor.of(left.gradient()), 2, 4, 0);
    empty(Tensor.of(right.gradient()), 0, 3);
  }

  @Test
  void attentionWithoutKeysOrQueries() {
    Variable v = zeros(2, 0, 8);
    Tensor none = Tensor.of(v.node());
    Tensor q = Tensor.full(1, 2, 3, 8);
    Tensor y = Tensor.attention(q, none, none, null, 2, 2, false);
    y.sum().backward();
    assertThat(values(y)).containsOnly(0).hasSize(48);
    empty(Tensor.of(v.gradient()), 2, 0, 8);
    Variable k = variable(new float[48]);
    Tensor keys = Tensor.of(k.node()).reshape(2, 3, 8);
    Tensor z = Tensor.attention(Tensor.zeros(2, 0, 8), keys, keys, null, 2, 2, false);
    z.sum().backward();
    empty(z, 2, 0, 8);
    assertThat(values(Tensor.of(k.gradient()))).containsOnly(0).hasSize(48);
  }

  @Test
  void gradientsOfEmptyParts() {
    for (UnaryOperator<Tensor> f :
        List.<UnaryOperator<Tensor>>of(
            t -> t.tanh().slice(1, 1, 1),
            t -> t.softmax(2).slice(1, 0, 0).sum(1),
            t -> t.layerNorm(Tensor.full(1, 2), Tensor.zeros(2), 0.1f).slice(0, 2, 2),
            t -> Tensor.attention(t, t, t, null, 1, 1, false).slice(1, 0, 0),
            t -> t.linear(Tensor.full(1, 3, 2), null).slice(1, 1, 1),
            t -> Tensor.concat(1, t, t.exp()).slice(1, 1, 1))) {
      Variable x = variable(1, 2, 3, 4);
      f.apply(Tensor.of(x.node()).reshape(2, 1, 2)).sum().backward();
      assertThat(values(Tensor.of(x.gradient()))).containsExactly(0, 0, 0, 0);
    }
  }

  @Test
  void normsOfNoRows() {
    Variable w = variable(1, 2, 3);
    Tensor weight = Tensor.of(w.node());
    Tensor x = Tensor.zeros(0, 3);
    Tensor y = x.layerNorm(weight, weight, 1e-5f).sum().add(x.rmsNorm(weight, 1e-5f).sum());
    y.backward();
    assertThat(values(y)).containsExactly(0);
    assertThat(values(Tensor.of(w.gradient()))).containsExactly(0, 0, 0);
  }

  @Test
  void convolutionsOfNothing() {
    Window w = Window.square(3, 1, 1);
    empty(Tensor.zeros(0, 2, 5, 5).conv2d(Tensor.zeros(4, 2, 3, 3), null, w), 0, 4, 5, 5);
    Tensor y = Tensor.zeros(1, 0, 5, 5).conv2d(Tensor.zeros(4, 0, 3, 3), Tensor.full(2, 4), w);
    assertThat(values(y)).containsOnly(2).hasSize(100);
  }

  @Test
  void lookupsOfNothing() {
    Variable table = variable(1, 2, 3, 4);
    Tensor rows = Tensor.of(table.node()).reshape(2, 2).embedding(Tensor.of(new int[0]));
    rows.sum().backward();
    empty(rows, 0, 2);
    assertThat(values(Tensor.of(table.gradient()))).containsExactly(0, 0, 0, 0);
  }
}
