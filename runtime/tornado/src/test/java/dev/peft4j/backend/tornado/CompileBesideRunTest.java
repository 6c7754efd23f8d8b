package dev.peft4j.backend.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withPrecision;

import dev.peft4j.backend.Backends;
import dev.peft4j.data.Rng;
import dev.peft4j.fuzz.Attack;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** While the kernels of one program are compiled, others run, and all results are right. */
class CompileBesideRunTest {
  private static final int PROGRAMS = Attack.rounds(12);

  private final TornadoBackend backend =
      new TornadoBackend(
          TornadoRuntimeProvider.getTornadoRuntime().getDefaultDevice(), "tornado:test", 100 << 20);
  private final Tensor x = Tensor.of(new Rng(3).normal(64, 0, 1), 8, 8);

  @Test
  void aProgramRunsWhileAnotherIsCompiled() throws InterruptedException {
    List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
    float[] expected = onCpu(0);
    onDevice(0);
    AtomicBoolean compiled = new AtomicBoolean();
    AtomicInteger beside = new AtomicInteger();
    Thread runs =
        Thread.ofPlatform()
            .uncaughtExceptionHandler((t, e) -> failures.add(e))
            .start(
                () -> {
                  while (!compiled.get()) {
                    boolean before = backend.kernels().isCompiling();
                    assertThat(onDevice(0)).containsExactly(expected, withPrecision(1e-5f));
                    if (before && backend.kernels().isCompiling()) {
                      beside.incrementAndGet();
                    }
                  }
                });
    List<Thread> compile = new ArrayList<>();
    for (int t = 0; t < 2; t++) { // both want the same kernels
      compile.add(
          Thread.ofPlatform()
              .uncaughtExceptionHandler((u, e) -> failures.add(e))
              .start(
                  () -> {
                    for (int n = 1; n <= PROGRAMS; n++) {
                      assertThat(onDevice(n)).containsExactly(onCpu(n), withPrecision(1e-4f));
                    }
                  }));
    }
    for (Thread t : compile) {
      t.join();
    }
    compiled.set(true);
    runs.join();
    assertThat(failures).isEmpty();
    assertThat(beside.get()).as("runs that began and ended during a compilation").isPositive();
    backend.close();
    assertThat(backend.kernels().size()).isZero();
    assertThat(backend.used()).isZero();
  }

  /** An expression of its own for each n, with a product and a softmax. */
  private Tensor value(int n) {
    Tensor y = x.matmul(x.transpose(0, 1)).mul(0.1f);
    for (int i = 0; i < n; i++) {
      y = i % 2 == 0 ? y.tanh().mul(1.5f) : y.sigmoid();
    }
    return y.softmax(-1);
  }

  private float[] onDevice(int n) {
    return Backends.with(backend, () -> value(n).toFloats());
  }

  private float[] onCpu(int n) {
    return Backends.with(Backends.named("cpu"), () -> value(n).toFloats());
  }
}
