package dev.peft4j.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.graph.ActivationCheckpointing;
import dev.peft4j.graph.Program;
import org.junit.jupiter.api.Test;

/** What activation checkpointing saves; that results are the same is in {@link ProgramContract}. */
class CheckpointingTest {
  private static final int ROWS = 256;

  private static Program program(int blocks, ActivationCheckpointing checkpointing) {
    return Engine.program(Backends.named("cpu"), new Tower(blocks, ROWS).step(checkpointing));
  }

  private static long bytes(int blocks, ActivationCheckpointing checkpointing) {
    Program p = program(blocks, checkpointing);
    return MemoryPlan.of(p, new boolean[p.values()]).bytes();
  }

  @Test
  void memoryFalls() {
    long kept = bytes(16, ActivationCheckpointing.OFF);
    assertThat(bytes(16, ActivationCheckpointing.ON)).isLessThan(kept / 4);
  }

  /** Sixteen times as deep: four times the memory, up to a few bytes of results. */
  @Test
  void memoryGrowsWithTheSquareRootOfDepth() {
    for (int blocks : new int[] {4, 16}) {
      double growth =
          (double) bytes(16 * blocks, ActivationCheckpointing.ON)
              / bytes(blocks, ActivationCheckpointing.ON);
      assertThat(growth).isLessThan(4.4);
    }
    assertThat(bytes(64, ActivationCheckpointing.OFF))
        .isGreaterThan(12 * bytes(4, ActivationCheckpointing.OFF));
  }

  /** Where little is kept, nothing is computed again. */
  @Test
  void automaticIsOffForASmallModel() {
    assertThat(program(8, ActivationCheckpointing.AUTO).steps())
        .hasSameSizeAs(program(8, ActivationCheckpointing.OFF).steps());
  }

  /** One forward pass more at most: products, which are what takes time. */
  @Test
  void eachBlockIsComputedAgainOnceAtMost() {
    long off = products(program(12, ActivationCheckpointing.OFF));
    long on = products(program(12, ActivationCheckpointing.ON));
    assertThat(on).isGreaterThan(off).isLessThanOrEqualTo(off + 11 * 4);
  }

  private static long products(Program p) {
    return p.steps().stream()
        .filter(s -> s.op().name().equals("linear") || s.op().name().equals("MatMul"))
        .count();
  }
}
