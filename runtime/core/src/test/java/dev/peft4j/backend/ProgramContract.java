package dev.peft4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.backend.cases.Compare;
import dev.peft4j.data.DType;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.ActivationCheckpointing;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Variable;
import dev.peft4j.op.Pointwise;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Whole programs: targets and the gate, several results, training steps, threads. */
abstract class ProgramContract extends StateContract {
  /** Dropout draws the same numbers again, and nothing is rounded another way. */
  @Test
  void blocksThatAreComputedAgainGiveTheSameBits() {
    for (int blocks : new int[] {2, 9}) {
      Tower tower = new Tower(blocks, 24);
      List<float[]> kept = bits(tower, ActivationCheckpointing.OFF);
      List<float[]> again = bits(tower, ActivationCheckpointing.ON);
      for (int i = 0; i < kept.size(); i++) {
        assertThat(again.get(i)).isEqualTo(kept.get(i));
      }
    }
  }

  private List<float[]> bits(Tower tower, ActivationCheckpointing checkpointing) {
    List<Node> step = tower.step(checkpointing);
    evaluate(step, Collections.nCopies(step.size(), null), OPEN);
    return step.stream().map(n -> Tensor.of(n).toFloats()).toList();
  }

  @Test
  void targetsAreReplacedAfterTheGate() {
    Variable a = variable(1, 2);
    Variable b = variable(3, 4);
    Node sum = Pointwise.add(a.node(), b.node());
    Node twice = Pointwise.mul(sum, 2);
    List<float[]> seen = new ArrayList<>();
    evaluate(
        List.of(sum, b.node(), a.node(), twice),
        Arrays.asList(null, a, b, null),
        () -> {
          seen.add(Tensor.of(sum).toFloats());
          seen.add(Tensor.of(twice).toFloats());
          seen.add(a.storage().toFloats());
          seen.add(b.storage().toFloats());
        });
    assertThat(seen).hasSize(4);
    assertThat(seen.get(0)).containsExactly(4, 6);
    assertThat(seen.get(1)).containsExactly(8, 12);
    assertThat(seen.get(2)).containsExactly(1, 2);
    assertThat(seen.get(3)).containsExactly(3, 4);
    assertThat(a.storage().toFloats()).containsExactly(3, 4);
    assertThat(b.storage().toFloats()).containsExactly(1, 2);
  }

  @Test
  void memoryThatIsReadOnlyIsReplacedByACopy() {
    Storage file = Storage.of(1, 2);
    Storage readOnly = Storage.wrap(file.segment().asReadOnly(), DType.FLOAT32);
    Variable a = new Variable("a", readOnly, Shape.of(2), true);
    for (int i = 0; i < 3; i++) {
      evaluate(List.of(Pointwise.mul(a.node(), 2)), List.of(a), OPEN);
    }
    assertThat(a.storage().toFloats()).containsExactly(8, 16);
    assertThat(file.toFloats()).containsExactly(1, 2);
  }

  @Test
  void aGateThatThrowsLeavesTargetsAlone() {
    Variable a = variable(1, 2);
    Variable b = variable(3, 4);
    int version = a.version();
    List<Node> roots = List.of(Pointwise.mul(a.node(), 5), Pointwise.add(a.node(), b.node()));
    assertThatThrownBy(
            () ->
                evaluate(
                    roots,
                    List.of(a, b),
                    () -> {
                      throw new IllegalStateException("stop");
                    }))
        .hasMessage("stop");
    assertThat(a.storage().toFloats()).containsExactly(1, 2);
    assertThat(b.storage().toFloats()).containsExactly(3, 4);
    assertThat(a.version()).isEqualTo(version);
    evaluate(roots, List.of(a, b), OPEN);
    assertThat(a.storage().toFloats()).containsExactly(5, 10);
    assertThat(b.storage().toFloats()).containsExactly(4, 6);
  }

  @Test
  void aSurrogateHasOneValueAndAnotherGradient() {
    Backends.with(
        backend,
        () -> {
          Variable x = variable(2, 3);
          Variable y = variable(5, 7);
          Tensor value = Tensor.of(x.node()).square();
          Tensor other = Tensor.of(y.node()).mul(3);
          value.withGradientOf(other).mul(Tensor.of(x.node())).sum().backward();
          Node ofY = java.util.Objects.requireNonNull(y.gradient());
          Node ofX = java.util.Objects.requireNonNull(x.gradient());
          assertThat(Tensor.of(ofY).toFloats()).containsExactly(6, 9);
          assertThat(Tensor.of(ofX).toFloats()).containsExactly(4, 9);
          assertThat(value.withGradientOf(other).toFloats()).containsExactly(4, 9);
          assertThatThrownBy(() -> value.withGradientOf(Tensor.ones(3)))
              .isInstanceOf(ShapeException.class)
              .hasMessageContaining("(2,)")
              .hasMessageContaining("(3,)");
          return null;
        });
  }

  @Test
  void whatIsDetachedIsComputedButNotDifferentiated() {
    Backends.with(
        backend,
        () -> {
          Variable x = variable(2, 3);
          Tensor t = Tensor.of(x.node());
          Tensor square = t.square();
          t.mul(square.detach()).sum().backward();
          Node gradient = java.util.Objects.requireNonNull(x.gradient());
          assertThat(Tensor.of(gradient).toFloats()).containsExactly(4, 9);
          assertThat(square.detach().node().requiresGrad()).isFalse();
          assertThat(square.detach().toFloats()).containsExactly(4, 9);
          return null;
        });
  }

  @Test
  void oneValueForSeveralTargetsAndNumbersForOthers() {
    Variable a = variable(1, 2);
    Variable b = variable(3, 4);
    Variable c = new Variable("c", Storage.of(9), Shape.SCALAR, true);
    Node twice = Pointwise.mul(a.node(), 2);
    evaluate(
        List.of(twice, twice, twice, Pointwise.constant(7)), Arrays.asList(a, null, b, c), OPEN);
    assertThat(a.storage().toFloats()).containsExactly(2, 4);
    assertThat(b.storage().toFloats()).containsExactly(2, 4);
    assertThat(c.storage().toFloats()).containsExactly(7);
    assertThat(Tensor.of(twice).storage().toFloats()).containsExactly(2, 4);
  }

  @Test
  void viewsAndTheirBasesAreResultsOfTheirOwn() {
    Tensor x = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2);
    Tensor base = x.mul(2);
    List<Tensor> all =
        List.of(
            base,
            base.reshape(6),
            base.slice(0, 1, 3),
            base.reshape(2, 3).slice(0, 1, 2),
            x.reshape(2, 3),
            x.slice(0, 2, 3));
    List<Node> roots = all.stream().map(Tensor::node).toList();
    evaluate(roots, Collections.nCopies(roots.size(), null), OPEN);
    assertThat(all.stream().map(t -> t.storage().address()).distinct()).hasSize(all.size());
    assertThat(all.get(1).toFloats()).containsExactly(2, 4, 6, 8, 10, 12);
    assertThat(all.get(2).toFloats()).containsExactly(6, 8, 10, 12);
    assertThat(all.get(3).toFloats()).containsExactly(8, 10, 12);
    assertThat(all.get(4).toFloats()).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(all.get(5).toFloats()).containsExactly(5, 6);
  }

  @Test
  void trainsAsTheReferenceDoes() {
    Compare.close("losses", train(backend), Compare.doubles(train(REFERENCE)), 1e-4, 1e-6);
  }

  /**
   * Losses of 12 steps of gradient descent with momentum on a small network with an embedding, a
   * norm and dropout.
   */
  private static float[] train(Backend backend) {
    Rng rng = new Rng(3);
    List<Variable> p = new ArrayList<>();
    for (int[] shape : new int[][] {{11, 8}, {16, 8}, {16}, {16}, {5, 16}}) {
      Shape s = Shape.of(shape);
      p.add(new Variable("p" + p.size(), Storage.of(rng.normal(s.size(), 0, 0.5f)), s, true));
    }
    List<Variable> momentum =
        p.stream()
            .map(v -> new Variable("m", Storage.of(new float[v.shape().size()]), v.shape(), false))
            .toList();
    float[] losses = new float[12];
    for (int step = 0; step < losses.length; step++) {
      long[] ids = new long[9];
      long[] labels = new long[9];
      for (int i = 0; i < 9; i++) {
        ids[i] = rng.nextLong() & 7;
        labels[i] = ids[i] % 5;
      }
      Tensor key = Tensor.of(new long[] {step});
      Tensor h =
          Tensor.of(p.get(0).node())
              .embedding(Tensor.of(ids))
              .linear(Tensor.of(p.get(1).node()), Tensor.of(p.get(2).node()));
      h = h.gelu().rmsNorm(Tensor.of(p.get(3).node()), 1e-5f).dropout(0.1f, key);
      Tensor loss = h.linear(Tensor.of(p.get(4).node()), null).crossEntropy(Tensor.of(labels));
      loss.backward();
      List<Node> roots = new ArrayList<>(List.of(loss.node()));
      List<Variable> targets = new ArrayList<>(Collections.singletonList(null));
      for (int i = 0; i < p.size(); i++) {
        Node m = Pointwise.add(Pointwise.mul(momentum.get(i).node(), 0.9), p.get(i).gradient());
        roots.add(m);
        targets.add(momentum.get(i));
        roots.add(Pointwise.sub(p.get(i).node(), Pointwise.mul(m, 0.1)));
        targets.add(p.get(i));
      }
      Backends.with(
          backend,
          () -> {
            Engine.evaluate(roots, targets, OPEN);
            return null;
          });
      losses[step] = loss.item();
      p.forEach(Variable::clearGradient);
    }
    assertThat(losses[11]).isLessThan(losses[0] * 0.7f);
    return losses;
  }

  @Test
  void threadsShareAProgram() throws Exception {
    CountingBackend counting = new CountingBackend(backend);
    Callable<Boolean> work =
        () -> {
          for (int i = 0; i < 40; i++) {
            float f = Thread.currentThread().threadId() * 0.01f + i;
            Tensor x = Tensor.full(f, 33, 17).add(1);
            Tensor y = x.matmul(Tensor.full(0.5f, 17, 3)).softmax(0).add(x.slice(0, 0, 1).sum());
            float[] got = Backends.with(counting, y::toFloats);
            double expected = 1 / 33.0 + 17 * ((double) f + 1);
            for (float v : got) {
              if (Math.abs(v - expected) > 1e-5 * expected) {
                return false;
              }
            }
          }
          return true;
        };
    try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
      for (Future<Boolean> f : pool.invokeAll(Collections.nCopies(4, work))) {
        assertThat(f.get()).isTrue();
      }
    }
    assertThat(counting.compiled).hasSize(1);
  }
}
