package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.Backends;
import dev.peft4j.graph.Elementwise;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Kernels that do what they must not are found by {@code -Dpeft4j.check=true}. */
class MemoryCheckTest {
  /** Stands for the kernel of one op: runs it and then does something wrong. */
  private static final class Faulty extends Kernel {
    private final Kernel right;
    private final Consumer<Faulty> wrong;

    Faulty(Site site, Kernel right, Consumer<Faulty> wrong) {
      super(site);
      this.right = right;
      this.wrong = wrong;
      site.frame().needScratch(64);
    }

    @Override
    void run() {
      right.run();
      wrong.accept(this);
    }
  }

  private static Backend with(Consumer<Faulty> wrong, boolean checked) {
    return new CpuBackend(
        site ->
            site.step().op() instanceof Elementwise e && e.name().equals("tanh")
                ? new Faulty(site, Kernels.make(site), wrong)
                : Kernels.make(site),
        checked);
  }

  /** A sum over (4, 5) of tanh of something that is read again afterwards. */
  private static float[] compute(Backend backend) {
    Tensor x = Tensor.full(0.5f, 4, 5);
    Tensor h = x.matmul(Tensor.full(0.1f, 5, 5));
    Tensor t = h.tanh();
    return Backends.with(backend, () -> t.softmax(1).add(h.softmax(1)).sum(1).toFloats());
  }

  private static void found(Consumer<Faulty> wrong, String... parts) {
    assertThatThrownBy(() -> compute(with(wrong, true)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("peft4j.check: tanh(%")
        .hasMessageContaining(" (4, 5)) -> %")
        .hasMessageContaining(" (4, 5) ")
        .hasMessageContainingAll(parts);
  }

  @Test
  void whatIsRightPasses() {
    assertThat(compute(with(k -> {}, true))).isEqualTo(compute(with(k -> {}, false)));
  }

  @Test
  void writesPastTheEnd() {
    for (int at : List.of(0, 4, 40, 4096, 20_000, 60_000)) {
      found(k -> Memory.set(k.out() + 80 + at, 1), "wrote " + at + " bytes behind the end of its");
    }
  }

  @Test
  void writesBeforeTheStart() {
    for (int at : List.of(4, 64, 4096, 60_000)) {
      found(k -> Memory.set(k.out() - at, 1), "wrote " + at + " bytes before the start of its");
    }
  }

  @Test
  void writesToAnotherValue() {
    found(k -> Memory.set(k.in(0) + 8, 1), "into value %", "of shape (4, 5)");
  }

  @Test
  void leavesSomethingUnwritten() {
    found(
        k -> Memory.setInt(k.out() + 4 * 7, MemoryCheck.POISON), "did not write element 7 of its");
  }

  @Test
  void writesPastItsScratchMemory() {
    int parts = Workers.shared().size();
    found(k -> Memory.set(k.scratch(parts) + 64, 1), "wrote behind the end of scratch");
    found(k -> Memory.set(k.scratch(0) - 4, 1), "wrote before the start of scratch");
  }

  @Test
  void computesFromWhatNobodyWrote() {
    int parts = Workers.shared().size();
    found(
        k -> Memory.set(k.out() + 4 * 3, Memory.get(k.scratch(parts) - 4) * 2 + 1),
        "did not write element 3",
        "memory that nobody wrote");
  }

  @Test
  void changesAnInputThatWasGiven() {
    Tensor x = Tensor.full(0.5f, 4, 5);
    Backend backend = with(k -> Memory.set(k.in(0), 1), true);
    assertThatThrownBy(() -> Backends.with(backend, () -> x.tanh().toFloats()))
        .hasMessageContaining("tanh(%0 (4, 5)) -> %1 (4, 5) changed its input %0 of shape (4, 5)");
  }

  @Test
  void thePropertyTurnsItOn() throws Exception {
    assertThat(
            FlagsTest.run(
                Main.class,
                "--enable-native-access=ALL-UNNAMED",
                "--add-modules=jdk.incubator.vector",
                "-Dpeft4j.check=true"))
        .contains("true [0.0, 0.0]");
  }

  /** Runs in a Java of its own. */
  static final class Main {
    public static void main(String[] args) {
      float[] v = Tensor.zeros(2, 3).exp().sub(1).sum(1).toFloats();
      System.out.println(MemoryCheck.WANTED + " " + java.util.Arrays.toString(v));
    }
  }
}
