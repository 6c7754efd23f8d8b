package dev.peft4j.backend.tornado.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.enums.ProfilerMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Runs kernels one after another on the default device, each once. */
public final class OnDevice {
  private OnDevice() {}

  /** Runs {@code calls} and brings {@code results} back; fails if no kernel ran on the device. */
  public static void run(List<KernelCall> calls, FloatArray... results) {
    TaskGraph graph = new TaskGraph("test");
    GridScheduler grids = new GridScheduler();
    Set<Object> buffers = new LinkedHashSet<>();
    calls.forEach(c -> buffers.addAll(List.of(c.buffers())));
    graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, buffers.toArray());
    for (int i = 0; i < calls.size(); i++) {
      calls.get(i).addTo(graph, grids, "task" + i);
    }
    graph.transferToHost(DataTransferMode.EVERY_EXECUTION, (Object[]) results);
    try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
      if (!calls.stream().allMatch(KernelCall::isLibrary)) {
        plan.withGridScheduler(grids); // TornadoVM wants none without kernels
      }
      TornadoExecutionResult result = plan.withProfiler(ProfilerMode.SILENT).execute();
      assertThat(result.getProfilerResult().getDeviceKernelTime())
          .as("time of the kernels on the device")
          .isPositive();
      plan.withoutProfiler();
    } catch (TornadoExecutionPlanException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A buffer with these numbers. */
  public static FloatArray array(float... values) {
    return FloatArray.fromArray(values);
  }

  /** A buffer of {@code n} normally distributed numbers. */
  public static FloatArray normal(Random random, int n) {
    FloatArray a = new FloatArray(n);
    for (int i = 0; i < n; i++) {
      a.set(i, (float) random.nextGaussian());
    }
    return a;
  }
}
