package dev.peft4j.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.Engine;
import dev.peft4j.backend.reference.ReferenceBackend;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.op.Causal;
import dev.peft4j.op.Fold;
import dev.peft4j.op.MatMul;
import dev.peft4j.op.Permute;
import dev.peft4j.op.Softmax;
import dev.peft4j.op.Unfold;
import dev.peft4j.op.Window;
import dev.peft4j.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What becomes of a graph on its way to a backend. */
class ProgramTest {
  private final Tensor x = data(3, 4);
  private final Tensor y = data(3, 4);

  // ---- simplification

  @Test
  void reshapesJoin() {
    assertThat(ops(x.reshape(12).reshape(2, 6).reshape(4, 3))).containsExactly("Reshape");
    assertThat(ops(x.reshape(12).reshape(3, 4))).isEmpty();
  }

  @Test
  void permutationsJoin() {
    Tensor t = data(2, 3, 4);
    assertThat(ops(t.permute(1, 2, 0).permute(2, 0, 1))).isEmpty();
    assertThat(ops(t.transpose(0, 0))).isEmpty();
    Program p = program(t.permute(1, 2, 0).permute(1, 0, 2));
    assertThat(p.steps()).hasSize(1);
    assertThat(p.steps().getFirst().op()).isEqualTo(new Permute(List.of(2, 1, 0)));
  }

  @Test
  void productsTakeTransposedOperands() {
    Program p = program(x.transpose(0, 1).matmul(y));
    assertThat(p.steps()).extracting(Program.Step::op).containsExactly(new MatMul(true, false));
    p = program(x.matmul(y.transpose(-1, -2)));
    assertThat(p.steps()).extracting(Program.Step::op).containsExactly(new MatMul(false, true));
    Tensor a = data(2, 5, 3);
    p = program(a.transpose(1, 2).matmul(data(4, 5).transpose(0, 1)));
    assertThat(p.steps()).extracting(Program.Step::op).containsExactly(new MatMul(true, true));
    // the outer dimensions are not the product's business
    p = program(a.transpose(0, 1).matmul(data(3, 2)));
    assertThat(p.steps()).hasSize(2);
  }

  @Test
  void aFactorIsAppliedWhereThatIsLessWork() {
    assertThat(ops(x.mul(3).matmul(data(4, 2)))).containsExactly("MatMul", "scale");
    assertThat(ops(x.mul(3).matmul(data(4, 5)))).containsExactly("scale", "MatMul");
    assertThat(ops(data(2, 3).matmul(x.mul(3)))).containsExactly("MatMul", "scale");
    assertThat(ops(x.mul(3).reshape(2, 6).matmul(data(6, 2))))
        .containsExactly("Reshape", "MatMul", "scale");
  }

  @Test
  void elementwiseOpsBroadcastThemselves() {
    Tensor row = Tensor.of(BroadcastTo.of(data(4).node(), Shape.of(3, 4)));
    assertThat(ops(row.add(x))).containsExactly("add");
    assertThat(ops(row.exp())).containsExactly("BroadcastTo", "exp");
  }

  @Test
  void whatChangesNothingIsLeftOut() {
    assertThat(ops(x.slice(1, 0, 4))).isEmpty();
    assertThat(ops(Tensor.concat(0, x))).isEmpty();
    assertThat(ops(x.toFloat())).isEmpty();
    assertThat(ops(x.sum().sum())).containsExactly("SumTo", "Reshape");
    Window one = Window.square(1, 1, 0);
    Shape image = Shape.of(2, 3, 4, 5);
    assertThat(ops(Tensor.of(Node.of(new Unfold(one), data(2, 3, 4, 5).node()))))
        .containsExactly("Reshape");
    assertThat(ops(Tensor.of(Node.of(new Fold(one, image), data(2, 3, 20).node()))))
        .containsExactly("Reshape");
  }

  @Test
  void theRootMayBeAnInput() {
    Variable v = new Variable("v", Storage.of(1, 2), Shape.of(2), true);
    Program p = program(Tensor.of(v.node()).reshape(1, 2).reshape(2));
    assertThat(p.steps()).isEmpty();
    assertThat(p.outputs()).containsExactly(0);
  }

  // ---- decomposition

  @Test
  void opsWithoutAKernelAreDecomposed() {
    Tensor p = x.softmax(-1);
    assertThat(ops(new EveryOp(), p)).containsExactly("Softmax");
    assertThat(ops(new EveryOp(Softmax.class), p)).containsExactly("MaxTo", "exp", "SumTo", "div");
  }

  @Test
  void opsWithoutAKernelAndWithoutPartsAreAnError() {
    assertThatThrownBy(() -> ops(new EveryOp(MatMul.class), x.matmul(y.transpose(0, 1))))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessageContaining("MatMul");
  }

  // ---- nothing twice, nothing in vain

  @Test
  void equalComputationsAreOne() {
    assertThat(ops(Tensor.concat(0, x.softmax(-1), x.softmax(1))))
        .filteredOn("SumTo"::equals)
        .hasSize(1);
    assertThat(ops(x.matmul(y.transpose(0, 1)).add(x.matmul(y.transpose(1, 0)))))
        .filteredOn("MatMul"::equals)
        .hasSize(1);
    Tensor causal = Tensor.of(Node.of(new Causal(3, 4)));
    Tensor again = Tensor.of(Node.of(new Causal(3, 4)));
    assertThat(ops(x.add(causal).sum(0), y.add(again).sum(0)))
        .filteredOn("Causal"::equals)
        .hasSize(1);
    // equal data are not looked at: only the same node is the same value
    assertThat(ops(Tensor.concat(0, x.softmax(-1), y.softmax(-1))))
        .filteredOn("SumTo"::equals)
        .hasSize(2);
  }

  @Test
  void whatNobodyWantsIsNotComputed() {
    Tensor used = x.exp();
    Tensor unused = used.matmul(y.transpose(0, 1));
    assertThat(unused.shape()).isEqualTo(Shape.of(3, 3));
    assertThat(ops(used)).containsExactly("exp");
    assertThat(program(used).inputs()).isEqualTo(1);
  }

  @Test
  void valuesThatAreKnownAreInputs() {
    Tensor known = x.exp();
    known.storage();
    assertThat(ops(known.tanh())).containsExactly("tanh");
  }

  // ---- fusion

  @Test
  void chainsBecomeOneStep() {
    Program p = program(x.exp().mul(y).add(1).tanh().div(data(4)));
    assertThat(p.steps()).hasSize(1);
    assertThat(p.steps().getFirst().inputs()).hasSize(3);
  }

  @Test
  void aValueOfSeveralReadersIsStored() {
    Tensor shared = x.exp();
    assertThat(ops(shared.tanh().sum(0), shared.sin().sum(0))).filteredOn("exp"::equals).hasSize(1);
    assertThat(ops(shared.tanh().sum(0), shared.sin().sum(0))).hasSizeGreaterThanOrEqualTo(5);
  }

  @Test
  void aValueThatIsWantedIsStored() {
    Tensor wanted = x.exp();
    assertThat(ops(wanted, wanted.tanh())).containsExactly("exp", "tanh");
  }

  @Test
  void aSmallValueIsNotComputedForEachOfManyElements() {
    assertThat(ops(data(4).exp().add(x))).containsExactly("exp", "add");
  }

  @Test
  void numbersAreNoSteps() {
    assertThat(ops(x.div(2).maskedFill(y, -1))).hasSize(1);
  }

  @Test
  void expressionsStayOfASizeThatCanBeCompiled() {
    Tensor t = x;
    Tensor wide = x;
    for (int i = 0; i < 300; i++) {
      t = t.mul(0.99f).add(0.01f);
      wide = i < 40 ? wide.add(data(3, 4)) : wide;
    }
    Program p = program(t);
    assertThat(p.steps()).hasSizeBetween(2, 40);
    assertThat(program(wide).steps())
        .allSatisfy(s -> assertThat(s.inputs()).hasSizeLessThanOrEqualTo(12));
    double expected = x.toFloats()[5];
    for (int i = 0; i < 300; i++) {
      expected = expected * 0.99f + 0.01f;
    }
    assertThat(t.toFloats()[5])
        .isCloseTo((float) expected, org.assertj.core.data.Offset.offset(1e-5f));
  }

  @Test
  void stepsComeAfterWhatTheyRead() {
    Tensor a = x.matmul(y.transpose(0, 1)).softmax(-1);
    Tensor b = a.matmul(y).layerNorm(data(4), data(4), 1e-5f).gelu();
    Program p = program(b, a.sum());
    int defined = p.inputs();
    for (Program.Step s : p.steps()) {
      int before = defined;
      assertThat(Arrays.stream(s.inputs()).allMatch(i -> i < before)).isTrue();
      assertThat(s.output()).isEqualTo(defined++);
      Shape[] in = p.inputShapes(s);
      assertThat(in).hasSize(s.inputs().length);
    }
    assertThat(p.values()).isEqualTo(defined);
    assertThat(p.toString()).contains("MatMul").contains("(3, 3)");
  }

  /** Becomes something of another shape. */
  private record Odd(boolean simplifies) implements Op {
    @Override
    public Shape shape(Node[] inputs) {
      return inputs[0].shape();
    }

    @Override
    public Node[] gradient(Node out, Node dOut) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Node simplify(Node[] inputs) {
      return simplifies ? Tensor.of(inputs[0]).slice(0, 0, 1).node() : null;
    }

    @Override
    public Node decompose(Node[] inputs) {
      return Tensor.of(inputs[0]).sumKeep(0).node();
    }

    /** Wrong: it goes along with its input, which it says is repeated. */
    @Override
    public int[] partAxes(Node[] inputs, Shape out, int axis) {
      return new int[] {-1};
    }
  }

  /** Kernels write what a shape says: whatever an op becomes has its shape, or nothing runs. */
  @Test
  void anOpThatBecomesAnotherShapeIsRefused() {
    for (boolean simplifies : new boolean[] {true, false}) {
      Tensor odd = Tensor.of(Node.of(new Odd(simplifies), x.node()));
      assertThatThrownBy(() -> program(odd))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("Odd of shape (3, 4) became ")
          .hasMessageContaining("(1, 4)");
    }
  }

  @Test
  void aPartThatIsNotWhatWasReadIsRefused() {
    Tensor odd = Tensor.of(Node.of(new Odd(false), x.exp().node()));
    Backend backend = new EveryOp();
    assertThatThrownBy(() -> Engine.program(backend, List.of(odd.slice(0, 1, 2).node())))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("Odd of shape (1, 4) became Odd((3, 4)) -> (3, 4)");
  }

  @Test
  void whatHasNoElementsIsNotComputed() {
    Tensor none = x.matmul(y.transpose(0, 1)).softmax(1).slice(0, 1, 1);
    assertThat(ops(none.tanh())).containsExactly("constant", "BroadcastTo");
    assertThat(ops(none.tanh().sum().add(x)))
        .containsExactly("constant", "BroadcastTo", "Reshape", "add");
    assertThat(ops(Tensor.concat(0, none, data(2, 3).exp()))).containsExactly("exp");
  }

  private static Tensor data(int... shape) {
    Shape s = Shape.of(shape);
    float[] v = new float[s.size()];
    for (int i = 0; i < v.length; i++) {
      v[i] = (float) Math.sin(i + shape.length);
    }
    return Tensor.of(Storage.of(v), s);
  }

  private static Program program(Tensor... roots) {
    return Engine.program(new ReferenceBackend(), Arrays.stream(roots).map(Tensor::node).toList());
  }

  private static List<String> ops(Tensor... roots) {
    return ops(new ReferenceBackend(), roots);
  }

  private static List<String> ops(Backend backend, Tensor... roots) {
    Program p = Engine.program(backend, Arrays.stream(roots).map(Tensor::node).toList());
    return p.steps().stream().map(s -> s.op().name()).toList();
  }
}
