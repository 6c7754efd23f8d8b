package dev.peft4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.backend.reference.ReferenceBackend;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.StaleTensorException;
import dev.peft4j.graph.Variable;
import dev.peft4j.op.Pointwise;
import dev.peft4j.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** When things are computed, and how often. */
class EngineTest {
  private final CountingBackend backend = new CountingBackend(new ReferenceBackend());
  private final Variable w = new Variable("w", Storage.of(1, 2, 3), Shape.of(3), true);
  private final Variable b = new Variable("b", Storage.of(0.5f), Shape.of(1), true);

  @Test
  void nothingIsComputedBeforeItIsRead() {
    within(
        () -> {
          Tensor loss = loss(1, 2, 3);
          loss.backward();
          assertThat(backend.runs).isZero();
          assertThat(loss.item()).isEqualTo(1.5f + 4.5f + 9.5f);
          assertThat(backend.runs).isOne();
        });
  }

  @Test
  void lossAndGradientsAreComputedOnce() {
    within(
        () -> {
          Tensor loss = loss(1, 2, 3);
          loss.backward();
          loss.item();
          assertThat(floats(w.gradient())).containsExactly(1, 2, 3);
          assertThat(floats(b.gradient())).containsExactly(3);
          loss.item();
          step();
          // the step only applies what is known
          assertThat(backend.runs).isEqualTo(2);
          assertThat(ops(1)).doesNotContain("SumTo");
        });
  }

  @Test
  void readingAGradientFirstComputesTheLossToo() {
    within(
        () -> {
          Tensor loss = loss(1, 2, 3);
          loss.backward();
          assertThat(floats(b.gradient())).containsExactly(3);
          assertThat(loss.node().isKnown()).isTrue();
          assertThat(w.gradient().isKnown()).isTrue();
          loss.item();
          assertThat(backend.runs).isOne();
          assertThat(backend.compiled.getFirst().outputs()).hasSize(3);
        });
  }

  @Test
  void readingSomethingInsideComputesTheWholePass() {
    within(
        () -> {
          Tensor inner = Tensor.of(w.node()).mul(2);
          Tensor loss = inner.sum();
          loss.backward();
          assertThat(inner.toFloats()).containsExactly(2, 4, 6);
          assertThat(loss.node().isKnown()).isTrue();
          loss.item();
          floats(w.gradient());
          assertThat(backend.runs).isOne();
        });
  }

  @Test
  void gradientsAddUpOverBackwardPasses() {
    within(
        () -> {
          Tensor first = loss(1, 2, 3);
          first.backward();
          Tensor second = loss(10, 20, 30);
          second.backward();
          assertThat(floats(w.gradient())).containsExactly(11, 22, 33);
          assertThat(floats(b.gradient())).containsExactly(6);
          assertThat(first.item()).isEqualTo(15.5f);
          assertThat(second.item()).isEqualTo(141.5f);
          assertThat(backend.runs).isOne();
          w.clearGradient();
          b.clearGradient();
          loss(1, 1, 1).backward();
          assertThat(floats(w.gradient())).containsExactly(1, 1, 1);
        });
  }

  @Test
  void gradientsAddUpAfterTheFirstWasRead() {
    within(
        () -> {
          Tensor first = loss(1, 2, 3);
          first.backward();
          first.item();
          loss(10, 20, 30).backward();
          loss(100, 0, 0).backward();
          assertThat(floats(w.gradient())).containsExactly(111, 22, 33);
          assertThat(backend.runs).isEqualTo(2);
        });
  }

  @Test
  void aLossMayBeDifferentiatedTwice() {
    within(
        () -> {
          Tensor loss = loss(1, 2, 3);
          loss.backward();
          loss.backward();
          assertThat(floats(w.gradient())).containsExactly(2, 4, 6);
        });
  }

  @Test
  void theSameStructureIsCompiledOnce() {
    within(
        () -> {
          for (int i = 0; i < 5; i++) {
            Tensor loss = loss(i, 2, 3);
            loss.backward();
            step();
            assertThat(loss.node().isKnown()).isFalse();
          }
          assertThat(backend.compiled).hasSize(1);
          assertThat(backend.runs).isEqualTo(5);
          assertThat(w.storage().toFloats())
              .containsExactly(new float[] {0, 1, 1.5f}, Offset.offset(1e-6f));
        });
  }

  @Test
  void otherShapesAndOtherStructuresAreOtherPrograms() {
    within(
        () -> {
          Tensor.zeros(3).exp().toFloats();
          Tensor.zeros(4).exp().toFloats();
          Tensor.zeros(3).exp().toFloats();
          assertThat(backend.compiled).hasSize(2);
          Tensor x = Tensor.zeros(3);
          Tensor y = Tensor.zeros(3);
          x.add(y).toFloats();
          assertThat(backend.compiled).hasSize(3);
          x.add(x).toFloats(); // one input, not two
          assertThat(backend.compiled).hasSize(4);
          x.sub(y).toFloats();
          x.exp().sub(y).toFloats();
          y.sub(x.exp()).toFloats();
          assertThat(backend.compiled).hasSize(7);
        });
  }

  @Test
  void integersOfEitherWidthAreOtherPrograms() {
    within(
        () -> {
          Tensor table = Tensor.of(new float[] {1, 2}, 2, 1);
          assertThat(table.embedding(Tensor.of(new int[] {1})).item()).isEqualTo(2);
          assertThat(table.embedding(Tensor.of(new long[] {1})).item()).isEqualTo(2);
          assertThat(backend.compiled).hasSize(2);
        });
  }

  @Test
  void attributesThatDifferAreOtherPrograms() {
    within(
        () -> {
          Tensor x = Tensor.of(new float[] {1, 2, 3});
          assertThat(x.mul(2).toFloats()).containsExactly(2, 4, 6);
          assertThat(x.mul(3).toFloats()).containsExactly(3, 6, 9);
          assertThat(x.slice(0, 0, 2).toFloats()).containsExactly(1, 2);
          assertThat(x.slice(0, 1, 3).toFloats()).containsExactly(2, 3);
          assertThat(backend.compiled).hasSize(4);
        });
  }

  @Test
  void aTensorOfAChangedParameterIsAnError() {
    within(
        () -> {
          Tensor before = Tensor.of(w.node()).mul(2);
          Tensor read = Tensor.of(w.node()).mul(3);
          read.toFloats();
          Tensor loss = loss(1, 2, 3);
          loss.backward();
          step();
          assertThatThrownBy(before::toFloats)
              .isInstanceOf(StaleTensorException.class)
              .hasMessageContaining("'w'")
              .hasMessageContaining("retain()");
          assertThatThrownBy(loss::item).isInstanceOf(StaleTensorException.class);
          assertThatThrownBy(() -> before.add(Tensor.of(w.node())).toFloats())
              .isInstanceOf(StaleTensorException.class);
          // what was read before the step keeps its value
          assertThat(read.toFloats()).containsExactly(3, 6, 9);
          assertThat(Tensor.of(w.node()).mul(2).toFloats()[0])
              .isCloseTo(1.8f, Offset.offset(1e-6f));
        });
  }

  @Test
  void aRetainedTensorIsComputedWithTheStep() {
    within(
        () -> {
          Tensor inner = Tensor.of(w.node()).mul(2).retain();
          Tensor loss = inner.sum().retain();
          loss.backward();
          step();
          assertThat(backend.runs).isOne();
          assertThat(inner.toFloats()).containsExactly(2, 4, 6);
          assertThat(loss.item()).isEqualTo(12);
          assertThat(backend.runs).isOne();
        });
  }

  @Test
  void aRetainedTensorNeedNotBePartOfTheLoss() {
    within(
        () -> {
          Tensor metric = Tensor.of(w.node()).max().retain();
          Tensor other = Tensor.of(w.node()).neg();
          loss(1, 2, 3).backward();
          step();
          assertThat(metric.item()).isEqualTo(3);
          assertThat(backend.runs).isOne();
          assertThatThrownBy(other::toFloats).isInstanceOf(StaleTensorException.class);
        });
  }

  @Test
  void theGateSeesTheLossAndMayStopTheStep() {
    within(
        () -> {
          Tensor loss = loss(1, 2, 3).retain();
          loss.backward();
          Node next = Pointwise.sub(w.node(), w.gradient());
          assertThatThrownBy(
                  () ->
                      Engine.evaluate(
                          List.of(next),
                          List.of(w),
                          () -> {
                            assertThat(loss.item()).isEqualTo(15.5f);
                            throw new ArithmeticException("not finite");
                          }))
              .isInstanceOf(ArithmeticException.class);
          assertThat(w.storage().toFloats()).containsExactly(1, 2, 3);
          assertThat(loss.item()).isEqualTo(15.5f);
          assertThat(backend.runs).isOne();
        });
  }

  @Test
  void theGateRunsEvenIfNothingIsOpen() {
    int[] calls = {0};
    Node known = Tensor.of(new float[] {1}).node();
    Engine.evaluate(List.of(known), Arrays.asList((Variable) null), () -> calls[0]++);
    Engine.evaluate(List.of(), List.of(), () -> calls[0]++);
    assertThat(calls[0]).isEqualTo(2);
  }

  @Test
  void oldProgramsAreForgotten() {
    within(
        () -> {
          Tensor x = Tensor.of(new float[] {1});
          for (int i = 0; i < 600; i++) {
            x.mul(i).item();
          }
          assertThat(backend.compiled).hasSize(600);
          x.mul(599).item();
          assertThat(backend.compiled).hasSize(600);
          x.mul(0).item();
          assertThat(backend.compiled).hasSize(601);
        });
  }

  @Test
  void backendsAreChosenByName() {
    assertThat(Backends.all())
        .extracting(Backend::name)
        .contains("reference")
        .first()
        .isEqualTo("cpu");
    assertThat(Backends.named("reference")).isInstanceOf(ReferenceBackend.class);
    assertThatThrownBy(() -> Backends.named("gpu"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'gpu'")
        .hasMessageContaining("reference");
    assertThat(Backends.with(backend, Backends::current)).isSameAs(backend);
  }

  /** Σ w · x + b. */
  private Tensor loss(float... x) {
    return Tensor.of(w.node()).mul(Tensor.of(x)).add(Tensor.of(b.node())).sum();
  }

  /** w -= 0.1 · gradient, as an optimizer does it. */
  private void step() {
    Engine.evaluate(
        List.of(Pointwise.sub(w.node(), Pointwise.mul(w.gradient(), 0.1))), List.of(w), () -> {});
    w.clearGradient();
    b.clearGradient();
  }

  private List<String> ops(int program) {
    return backend.compiled.get(program).steps().stream().map(s -> s.op().name()).toList();
  }

  private static float[] floats(Node n) {
    return Tensor.of(n).toFloats();
  }

  private void within(Runnable body) {
    Backends.with(
        backend,
        () -> {
          body.run();
          return null;
        });
  }
}
