package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LoopWarmerTest {
  @Test
  void aLoopIsReadyOnceItIsFast() throws InterruptedException {
    assumeTrue(VectorMath.USEFUL, "vectors are not worth it on this machine");
    boolean[] ready = new boolean[2];
    AtomicInteger runs = new AtomicInteger();
    LoopWarmer warmer = new LoopWarmer((loop, a, b, c, n) -> runs.incrementAndGet(), ready);
    warmer.ask(1);
    warmer.ask(1);
    for (int i = 0; i < 500 && !ready[1]; i++) {
      Thread.sleep(10);
    }
    assertThat(ready).containsExactly(false, true);
    int before = runs.get();
    assertThat(before).isPositive();
    warmer.ask(1);
    Thread.sleep(50);
    assertThat(runs.get()).isEqualTo(before);
  }
}
