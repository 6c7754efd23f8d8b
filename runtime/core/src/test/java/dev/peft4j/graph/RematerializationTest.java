package dev.peft4j.graph;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.backend.Engine;
import dev.peft4j.backend.MemoryPlan;
import dev.peft4j.backend.cpu.CpuBackend;
import dev.peft4j.data.Rng;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A value that is read again much later is computed again, if its inputs are there anyway. */
class RematerializationTest {
  private final Rng generator = new Rng(3);
  private final Tensor x = Tensor.randn(generator, 1024, 256);
  private final Tensor bias = Tensor.randn(generator, 256);
  private final Tensor square = known(Tensor.randn(generator, 256, 256).mul(0.06f));

  private static Tensor known(Tensor t) {
    return Tensor.of(t.toFloats(), t.shape().toArray());
  }

  /** Reads {@code y}, then computes something long. */
  private Tensor after(Tensor y) {
    Tensor z = y;
    for (int i = 0; i < 70; i++) {
      z = z.matmul(square);
    }
    return z;
  }

  private static Tensor late(Tensor y, Tensor z) {
    return y.transpose(0, 1).matmul(z);
  }

  private static Program program(Tensor... roots) {
    return Engine.program(new CpuBackend(), List.of(roots).stream().map(Tensor::node).toList());
  }

  private static long times(Program p) {
    return p.steps().stream().filter(s -> s.op() instanceof Elementwise).count();
  }

  private static long planned(Program p) {
    boolean[] external = new boolean[p.values()];
    for (int out : p.outputs()) {
      external[out] = true;
    }
    return MemoryPlan.of(p, external).bytes();
  }

  @Test
  void whatIsReadAgainMuchLaterIsComputedAgain() {
    Tensor y = x.add(bias).silu();
    Program p = program(late(y, after(y)));
    assertThat(times(p)).isEqualTo(2);
    Program kept = program(late(y, after(y)), y);
    assertThat(times(kept)).isEqualTo(1);
    assertThat(planned(p)).isLessThanOrEqualTo(planned(kept));
  }

  @Test
  void itIsTheSameBits() {
    Tensor y = x.add(bias).silu();
    float[] again = late(y, after(y)).toFloats();
    Tensor known = x.add(bias).silu();
    known.toFloats();
    assertThat(again).isEqualTo(late(known, after(known)).toFloats());
  }

  @Test
  void viewsOfItAreReadersOfIt() {
    Tensor y = x.add(bias).silu();
    Tensor view = y.reshape(512, 512);
    Tensor z = after(y).add(view.matmul(Tensor.ones(512, 256)).sum());
    Program p = program(late(y, z), view.transpose(0, 1).matmul(view));
    assertThat(times(p)).isGreaterThanOrEqualTo(3); // y twice, and the sum
    Tensor known = x.add(bias).silu().reshape(512, 512);
    known.toFloats();
    assertThat(view.transpose(0, 1).matmul(view).toFloats())
        .isEqualTo(known.transpose(0, 1).matmul(known).toFloats());
  }

  @Test
  void withoutItsInputsItIsKept() {
    Tensor made = x.matmul(square); // nobody reads this later
    Tensor y = made.silu();
    assertThat(times(program(late(y, after(y))))).isEqualTo(1);
    Tensor read = x.matmul(square);
    Tensor y2 = read.silu();
    assertThat(times(program(read.matmul(late(y2, after(y2)))))).isEqualTo(2);
  }

  @Test
  void smallValuesAndNearReadersAreNotWorthIt() {
    Tensor small = x.slice(0, 0, 255).add(bias).silu();
    assertThat(times(program(late(small, after(small))))).isEqualTo(1);
    Tensor y = x.add(bias).silu();
    assertThat(times(program(late(y, y.matmul(square))))).isEqualTo(1);
  }

  @Test
  void anInputThatIsItselfComputedAgainIsNotThere() {
    Tensor a = x.add(bias).silu();
    Tensor norm = a.rmsNorm(bias, 1e-5f);
    Tensor z = after(norm).add(after(a));
    Program p = program(late(norm, z), late(a, z));
    float[] first = late(norm, z).toFloats();
    assertThat(p.steps().stream().filter(s -> s.op().name().equals("RmsNorm")).count())
        .isBetween(1L, 2L);
    Tensor b = x.add(bias).silu();
    b.toFloats();
    Tensor n = b.rmsNorm(bias, 1e-5f);
    n.toFloats();
    assertThat(first).isEqualTo(late(n, after(n).add(after(b))).toFloats());
  }
}
