package dev.peft4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.backend.cpu.CpuBackend;
import dev.peft4j.backend.reference.ReferenceBackend;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.Program;
import dev.peft4j.nn.Linear;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Programs belong to a backend, and compiling one holds up nobody who needs another. */
@Timeout(60)
class ProgramCacheTest {
  /** Compiles when it may, and counts. */
  private static final class Slow implements Backend {
    private final Backend backend = new ReferenceBackend();
    private final ProgramCache programs;
    private final CountDownLatch asked = new CountDownLatch(1);
    private final CountDownLatch may = new CountDownLatch(1);
    private final AtomicInteger compiled = new AtomicInteger();
    private final List<Program> closed = Collections.synchronizedList(new ArrayList<>());
    private volatile boolean slow;
    private volatile boolean fails;

    Slow(int max) {
      programs = new ProgramCache(this, max);
    }

    @Override
    public String name() {
      return "slow";
    }

    @Override
    public int priority() {
      return -1;
    }

    @Override
    public boolean supports(Op op) {
      return backend.supports(op);
    }

    @Override
    public ProgramCache programs() {
      return programs;
    }

    @Override
    public Executable compile(Program program) {
      compiled.incrementAndGet();
      if (slow) {
        asked.countDown();
        try {
          may.await();
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
      if (fails) {
        throw new IllegalStateException("no such kernel");
      }
      Executable executable = backend.compile(program);
      return new Executable() {
        @Override
        public void run(
            dev.peft4j.data.Storage[] inputs, dev.peft4j.data.Storage[] outputs, Runnable gate) {
          executable.run(inputs, outputs, gate);
        }

        @Override
        public void close() {
          closed.add(program);
        }
      };
    }

    /** A program of its own for each size. */
    float sum(int size) {
      return Backends.with(this, () -> Tensor.ones(size).sum().item());
    }
  }

  @Test
  void aSlowCompilationDoesNotHoldUpAnothersRun() throws Exception {
    Slow backend = new Slow(10);
    assertThat(backend.sum(2)).isEqualTo(2);
    backend.slow = true;
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      Future<Float> slow = threads.submit(() -> backend.sum(3));
      backend.asked.await();
      Future<Float> cached = threads.submit(() -> backend.sum(2));
      assertThat(cached.get(30, TimeUnit.SECONDS)).isEqualTo(2);
      backend.slow = false;
      // nor does it hold up another's compilation
      Future<Float> other = threads.submit(() -> backend.sum(4));
      assertThat(other.get(30, TimeUnit.SECONDS)).isEqualTo(4);
      assertThat(slow.isDone()).isFalse();
      backend.may.countDown();
      assertThat(slow.get(30, TimeUnit.SECONDS)).isEqualTo(3);
    }
    assertThat(backend.programs().size()).isEqualTo(3);
  }

  @Test
  void whatSeveralNeedAtOnceIsCompiledOnce() throws Exception {
    Slow backend = new Slow(10);
    backend.slow = true;
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      List<Future<Float>> all = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        all.add(threads.submit(() -> backend.sum(3)));
      }
      backend.asked.await();
      backend.may.countDown();
      for (Future<Float> f : all) {
        assertThat(f.get(30, TimeUnit.SECONDS)).isEqualTo(3);
      }
    }
    assertThat(backend.compiled).hasValue(1);
    assertThat(backend.programs().compilations()).isOne();
  }

  @Test
  void whatCannotBeCompiledIsTriedAgain() throws Exception {
    Slow backend = new Slow(10);
    backend.slow = true;
    backend.fails = true;
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      List<Future<Float>> all = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        all.add(threads.submit(() -> backend.sum(3)));
      }
      backend.asked.await();
      backend.may.countDown();
      for (Future<Float> f : all) {
        assertThatThrownBy(() -> f.get(30, TimeUnit.SECONDS))
            .hasMessageContaining("no such kernel");
      }
    }
    assertThat(backend.programs().size()).isZero();
    backend.fails = false;
    assertThat(backend.sum(3)).isEqualTo(3);
  }

  @Test
  void theOneThatWasNotUsedForLongestGoesFirst() {
    Slow backend = new Slow(2);
    backend.sum(2);
    backend.sum(3);
    backend.sum(2);
    backend.sum(4);
    assertThat(backend.programs().size()).isEqualTo(2);
    assertThat(backend.closed).singleElement();
    backend.sum(2);
    assertThat(backend.compiled).hasValue(3);
    backend.sum(3);
    assertThat(backend.compiled).hasValue(4);
  }

  @Test
  void aClosedBackendKeepsNothingAndCanBeUsedAgain() {
    Slow backend = new Slow(10);
    backend.sum(2);
    backend.sum(3);
    backend.close();
    assertThat(backend.programs().size()).isZero();
    assertThat(backend.closed).hasSize(2);
    assertThat(backend.sum(2)).isEqualTo(2);
    assertThat(backend.compiled).hasValue(3);
  }

  @Test
  void whatIsDroppedWhileItIsCompiledIsClosedAfterwards() throws Exception {
    Slow backend = new Slow(10);
    backend.slow = true;
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      Future<Float> slow = threads.submit(() -> backend.sum(3));
      backend.asked.await();
      backend.close();
      backend.may.countDown();
      assertThat(slow.get(30, TimeUnit.SECONDS)).isEqualTo(3);
    }
    assertThat(backend.closed).hasSize(1);
    assertThat(backend.programs().size()).isZero();
  }

  @Test
  void backendsShareNothing() {
    Linear layer = new Linear(64, 96);
    layer.freeze();
    Tensor x = Tensor.ones(32, 64);
    try (CpuBackend a = new CpuBackend();
        CpuBackend b = new CpuBackend()) {
      float[] first = Backends.with(a, () -> layer.forward(x).toFloats());
      assertThat(a.programs().size()).isOne();
      assertThat(b.programs().size()).isZero();
      assertThat(b.cacheFigures()).isEqualTo(new CacheFigures(0, 0, 0, 0));
      assertThat(Backends.with(b, () -> layer.forward(x).toFloats())).isEqualTo(first);
      a.close();
      assertThat(a.cacheFigures()).isEqualTo(new CacheFigures(0, 1, 0, 0));
      assertThat(b.programs().size()).isOne();
      assertThat(Backends.with(a, () -> layer.forward(x).toFloats())).isEqualTo(first);
    }
  }

  @Test
  void aProfileHasTheFigures() {
    Linear layer = new Linear(1024, 96); // its rows are 4 KiB apart, so the gradient packs it
    layer.freeze();
    Profile profile = new Profile();
    try (CpuBackend cpu = new CpuBackend()) {
      profile.measure(
          () -> Backends.with(cpu, () -> layer.forward(Tensor.ones(32, 1024)).toFloats()));
      assertThat(profile.caches()).containsOnly(java.util.Map.entry("cpu", cpu.cacheFigures()));
      assertThat(cpu.cacheFigures().programs()).isOne();
      assertThat(profile.toString()).contains("cpu keeps 1 programs (1 compiled), 0 kernels, ");
    }
  }
}
