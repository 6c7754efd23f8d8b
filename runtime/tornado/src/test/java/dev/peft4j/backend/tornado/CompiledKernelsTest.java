package dev.peft4j.backend.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import dev.peft4j.backend.tornado.op.MoveKernels;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task3;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Kernels are compiled once, and what cannot be compiled is said with TornadoVM's reason. */
class CompiledKernelsTest {
  private static final Task3<KernelContext, IntArray, FloatArray> NO_KERNEL =
      CompiledKernelsTest::peftReadsTheClock;

  private final CompiledKernels kernels =
      new CompiledKernels(TornadoRuntimeProvider.getTornadoRuntime().getDefaultDevice());

  /** No device has a clock. */
  static void peftReadsTheClock(KernelContext context, IntArray sizes, FloatArray x) {
    x.set(sizes.get(0), System.nanoTime());
  }

  @Test
  void plansShareCodeWhateverTheSizes() {
    assertThat(kernels.shares()).isTrue();
    for (int n = 1; n <= 3; n++) {
      FloatArray x = new FloatArray(n);
      KernelCall fill = MoveKernels.fill(x, n, 2);
      kernels.provide(-n, Map.of("a", new GraphPlan.Item("fill", fill, -1)));
    }
    assertThat(kernels.size()).isEqualTo(1);
  }

  @Test
  void whatNoPlanUsesIsFreedWhenThereIsTooMuch() {
    CompiledKernels few =
        new CompiledKernels(TornadoRuntimeProvider.getTornadoRuntime().getDefaultDevice(), 1);
    FloatArray x = new FloatArray(2);
    FloatArray y = new FloatArray(2);
    Map<String, GraphPlan.Item> fill =
        Map.of("a", new GraphPlan.Item("fill", MoveKernels.fill(x, 2, 2), -1));
    Map<String, GraphPlan.Item> copy =
        Map.of("a", new GraphPlan.Item("copy", MoveKernels.copy(x, y, 2), -1));
    few.provide(-11, fill);
    few.provide(-12, copy);
    assertThat(few.size()).isEqualTo(2); // both are used
    few.withdraw(-11);
    assertThat(few.size()).isEqualTo(1);
    few.provide(-13, copy);
    assertThat(few.size()).isEqualTo(1);
    few.withdraw(-12);
    few.close();
    assertThat(few.size()).isEqualTo(1); // of plan -13
    few.withdraw(-13);
    few.close();
    assertThat(few.size()).isZero();
    few.provide(-14, fill);
    assertThat(few.size()).isEqualTo(1);
  }

  @Test
  void whatCannotBeCompiledIsSaid() {
    KernelCall call =
        new KernelCall(
            NO_KERNEL, List.of(KernelCall.CONTEXT, new FloatArray(1), 0), new WorkerGrid1D(1));
    GraphPlan.Item item = new GraphPlan.Item("clock (3, 2) -> (1,)", call, -1);
    assertThatThrownBy(() -> kernels.provide(-1, Map.of("a", item)))
        .isInstanceOf(DeviceException.class)
        .hasMessageStartingWith("TornadoVM could not compile the kernel of clock (3, 2) -> (1,): ")
        .hasMessageContaining("nanoTime");
  }

  /** HotSpot stops threads that are in loops by SIGSEGV. */
  @Test
  void aSignalMayComeWhileTheDriverCompiles() throws InterruptedException {
    compileFill();
    AtomicBoolean done = new AtomicBoolean();
    Thread loop = Thread.ofPlatform().start(() -> spin(done));
    Thread stops = Thread.ofPlatform().start(() -> stop(loop, done));
    try {
      for (int i = 0; i < 20; i++) {
        compileFill();
      }
    } finally {
      done.set(true);
      loop.join();
      stops.join();
    }
  }

  private static void compileFill() {
    KernelCall fill = MoveKernels.fill(new FloatArray(1), 1, 2);
    new CompiledKernels(TornadoRuntimeProvider.getTornadoRuntime().getDefaultDevice())
        .provide(-1, Map.of("a", new GraphPlan.Item("fill", fill, -1)));
  }

  private static void spin(AtomicBoolean done) {
    long x = 1;
    while (!done.get()) {
      for (long i = 0; i < 1_000_000; i++) {
        x = x * 31 + i;
      }
    }
    assertThat(x).isNotZero();
  }

  private static void stop(Thread loop, AtomicBoolean done) {
    while (!done.get()) {
      loop.getStackTrace();
    }
  }
}
