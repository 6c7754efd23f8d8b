package dev.peft4j.backend.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import dev.peft4j.backend.tornado.op.MoveKernels;
import java.util.List;
import java.util.Map;
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
}
