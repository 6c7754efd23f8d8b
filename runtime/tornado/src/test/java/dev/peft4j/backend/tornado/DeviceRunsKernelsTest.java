package dev.peft4j.backend.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.enums.ProfilerMode;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** That the flags of the build suffice, and that kernels run on the device and not in Java. */
class DeviceRunsKernelsTest {
  static void twice(KernelContext context, FloatArray x, FloatArray y) {
    int i = context.globalIdx;
    y.set(i, x.get(i) * 2);
  }

  @Test
  void aKernelRunsOnTheDevice() throws Exception {
    int n = 1000;
    FloatArray x = new FloatArray(n);
    FloatArray y = new FloatArray(n);
    for (int i = 0; i < n; i++) {
      x.set(i, i);
    }
    TaskGraph graph =
        new TaskGraph("g")
            .transferToDevice(DataTransferMode.EVERY_EXECUTION, x)
            .task("twice", DeviceRunsKernelsTest::twice, new KernelContext(), x, y)
            .transferToHost(DataTransferMode.EVERY_EXECUTION, y);
    GridScheduler grids = new GridScheduler("g.twice", new WorkerGrid1D(n));
    try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
      TornadoExecutionResult result =
          plan.withGridScheduler(grids).withProfiler(ProfilerMode.SILENT).execute();
      assertThat(result.getProfilerResult().getDeviceKernelTime()).isPositive();
      plan.withoutProfiler();
    }
    for (int i = 0; i < n; i++) {
      assertThat(y.get(i)).isEqualTo(2f * i);
    }
  }
}
