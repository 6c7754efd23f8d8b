package dev.peft4j.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.backend.reference.ReferenceBackend;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.Program;
import dev.peft4j.tensor.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Plays programs through on a block whose bytes know which value they hold: whatever a step reads
 * must still be there, and a step may write over an input only if its op allows it.
 */
class MemoryPlanTest {
  private static final int GRAIN = 4;

  /**
   * Kernels for everything, so that the ops that may overwrite their inputs are among the steps.
   */
  private static final Backend EVERY_OP =
      new Backend() {
        @Override
        public String name() {
          return "every op";
        }

        @Override
        public int priority() {
          return -1;
        }

        @Override
        public boolean supports(Op op) {
          return true;
        }

        @Override
        public ProgramCache programs() {
          throw new UnsupportedOperationException();
        }

        @Override
        public Executable compile(Program program) {
          throw new UnsupportedOperationException();
        }
      };

  @ParameterizedTest
  @ValueSource(longs = {0, 100, 200, 300, 400})
  void noValueIsOverwrittenWhileItIsNeeded(long first) {
    for (long seed = first; seed < first + 100; seed++) {
      int steps = 3 + (int) (seed % 50);
      for (Backend backend : List.of(EVERY_OP, new ReferenceBackend())) {
        Program p = Engine.program(backend, RandomPrograms.build(seed, steps).roots());
        play("program " + seed, p, outputs(p));
        play("program " + seed + ", outputs inside", p, new boolean[p.values()]);
      }
    }
  }

  /** As a backend does: results of steps that are wanted get memory from outside. */
  private static boolean[] outputs(Program p) {
    boolean[] external = new boolean[p.values()];
    for (int o : p.outputs()) {
      external[o] = o >= p.inputs();
    }
    return external;
  }

  private static void play(String what, Program p, boolean[] external) {
    MemoryPlan plan = MemoryPlan.of(p, external);
    int[] block = new int[(int) (plan.bytes() / GRAIN)];
    Map<Integer, int[]> outside = new HashMap<>();
    Arrays.fill(block, -1);
    for (int v = 0; v < p.values(); v++) {
      if (v < p.inputs() || external[v]) {
        int[] memory = new int[(int) (p.bytes(v) / GRAIN)];
        Arrays.fill(memory, v < p.inputs() ? v : -1);
        outside.put(v, memory);
        assertThat(plan.inBlock(v)).as("%s: %%%d lies outside", what, v).isFalse();
        assertThat(plan.base(v)).isEqualTo(v);
      }
    }
    for (Program.Step s : p.steps()) {
      int out = s.output();
      for (int in : s.inputs()) {
        holds(what, p, plan, block, outside, in);
      }
      if (plan.base(out) != out) {
        view(what, p, plan, s);
        continue;
      }
      for (int i = 0; i < s.inputs().length; i++) {
        if (overlap(p, plan, s.inputs()[i], out)) {
          Shape from = p.shape(s.inputs()[i]);
          assertThat(s.op().mayOverwrite(i, from, p.shape(out)))
              .as("%s: %s writes over its input %d", what, s.op().name(), i)
              .isTrue();
          assertThat(plan.offset(s.inputs()[i])).isEqualTo(plan.offset(out));
          assertThat(p.bytes(s.inputs()[i])).isEqualTo(p.bytes(out));
        }
      }
      int[] memory = external[out] ? outside.get(out) : block;
      int from = external[out] ? 0 : (int) (plan.offset(out) / GRAIN);
      if (!external[out]) {
        assertThat(plan.inBlock(out)).isTrue();
        assertThat(plan.offset(out) % 64).isZero();
        assertThat(plan.offset(out) + p.bytes(out)).isLessThanOrEqualTo(plan.bytes());
      }
      Arrays.fill(memory, from, from + (int) (p.bytes(out) / GRAIN), out);
    }
    for (int o : p.outputs()) {
      holds(what + " at the end", p, plan, block, outside, o);
    }
  }

  /** The memory of a value holds it, or the value it is a view of. */
  private static void holds(
      String what, Program p, MemoryPlan plan, int[] block, Map<Integer, int[]> outside, int v) {
    int base = plan.base(v);
    int[] given = outside.get(base);
    int[] memory = given == null ? block : given;
    long from = given == null ? plan.offset(base) : 0;
    from += base == v ? 0 : plan.offset(v);
    for (int i = (int) (from / GRAIN); i < (from + p.bytes(v)) / GRAIN; i++) {
      if (memory[i] != base) {
        Assertions.fail(
            "%s: %%%d is read where %%%d was, now there is %%%d", what, v, base, memory[i]);
      }
    }
  }

  private static void view(String what, Program p, MemoryPlan plan, Program.Step s) {
    int in = s.inputs()[0];
    assertThat(plan.base(s.output())).as("%s: view", what).isEqualTo(plan.base(in));
    long start = s.op().viewOffset(p.shape(in), p.shape(s.output())) * p.dtype(in).bytes();
    long before = plan.base(in) == in ? 0 : plan.offset(in);
    assertThat(plan.offset(s.output())).isEqualTo(before + start);
    assertThat(plan.offset(s.output()) + p.bytes(s.output()))
        .isLessThanOrEqualTo(p.bytes(plan.base(in)));
  }

  private static boolean overlap(Program p, MemoryPlan plan, int in, int out) {
    int base = plan.base(in);
    if (!plan.inBlock(base) || !plan.inBlock(out)) {
      return base == out;
    }
    long a = plan.offset(base);
    long b = plan.offset(out);
    return a < b + p.bytes(out) && b < a + p.bytes(base);
  }

  @Test
  void memoryIsUsedAgain() {
    Tensor t = Tensor.of(Storage.of(new float[16 * 1024]), Shape.of(128, 128));
    for (int i = 0; i < 20; i++) {
      t = t.matmul(t.transpose(0, 1));
    }
    Program p = Engine.program(EVERY_OP, List.of(t.sum().node()));
    assertThat(MemoryPlan.of(p, outputs(p)).bytes()).isLessThanOrEqualTo(2 * 128 * 128 * 4 + 64);
  }

  @Test
  void rowOpsWorkInPlace() {
    Tensor w = Tensor.full(1, 128);
    Tensor t = Tensor.full(1, 64, 128).matmul(Tensor.full(1, 128, 128));
    t = t.softmax(-1).layerNorm(w, w, 1e-5f).logSoftmax(-1).rmsNorm(w, 1e-5f).sum(0);
    Program p = Engine.program(EVERY_OP, List.of(t.node()));
    assertThat(MemoryPlan.of(p, outputs(p)).bytes()).isEqualTo(64 * 128 * 4 + 512);
  }

  @Test
  void viewsTakeNoMemory() {
    Tensor t = Tensor.full(1, 64, 128).matmul(Tensor.full(1, 128, 128));
    t = t.reshape(64, 2, 64).slice(0, 3, 10).reshape(-1).sum();
    Program p = Engine.program(EVERY_OP, List.of(t.node()));
    MemoryPlan plan = MemoryPlan.of(p, outputs(p));
    assertThat(plan.bytes()).isLessThanOrEqualTo(64 * 128 * 4 + 64);
  }
}
