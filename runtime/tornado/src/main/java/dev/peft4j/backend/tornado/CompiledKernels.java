package dev.peft4j.backend.tornado;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoBailoutRuntimeException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * The kernels that a device has compiled, for all plans. TornadoVM keeps compiled code for a task
 * of a plan and no longer; here each kernel is compiled once, by a plan of its own that is never
 * run, and given to whatever plan has a task with it. Since sizes are no part of a kernel's code, a
 * program of another shape compiles nothing.
 */
final class CompiledKernels {
  /** What code depends on: the kernel, its constants and the types of its buffers. */
  record Key(Object code, List<Object> constants) {
    static Key of(KernelCall call) {
      return new Key(
          call.code(),
          call.arguments().stream()
              .map(a -> a instanceof Number ? a : (Object) a.getClass())
              .toList());
    }
  }

  /** How often to try: while the first kernel is compiled, a signal can still get in its way. */
  private static final int ATTEMPTS = 3;

  private record Compiled(String method, Object code) {}

  private final TornadoDevice device;
  private final @Nullable DriverCode driver;
  private final Map<Key, Compiled> kernels = new HashMap<>();
  private final Set<Object> shared = Collections.newSetFromMap(new IdentityHashMap<>());

  CompiledKernels(TornadoDevice device) {
    this.device = device;
    this.driver = DriverCode.of(device);
  }

  /** True if plans share code; else each compiles for itself. */
  boolean shares() {
    return driver != null;
  }

  /** Number of kernels that were compiled. */
  int size() {
    return kernels.size();
  }

  /**
   * Gives a plan the code of its tasks.
   *
   * @param tasks the calls by the names of their tasks
   * @param labels what a task computes, for messages
   */
  void provide(long plan, Map<String, GraphPlan.Item> tasks) {
    DriverCode d = driver;
    if (d == null) {
      return;
    }
    Map<String, Object> code = d.ofPlan(plan);
    tasks.forEach(
        (name, item) -> {
          Key key = Key.of(item.call());
          Compiled compiled = kernels.get(key);
          if (compiled == null) {
            compiled = compile(d, item, ATTEMPTS);
            kernels.put(key, compiled);
            shared.add(compiled.code());
          }
          code.put(GraphPlan.NAME + "." + name + "-" + compiled.method(), compiled.code());
        });
  }

  private Compiled compile(DriverCode d, GraphPlan.Item item, int attempts) {
    List<Object> arguments = new ArrayList<>();
    for (Object a : item.call().arguments()) {
      arguments.add(a instanceof TornadoNativeArray b ? small(b) : a);
    }
    KernelCall call = item.call().withArguments(arguments);
    IntArray sizes = KernelCall.buffer(call.sizes());
    TaskGraph graph = new TaskGraph(GraphPlan.NAME);
    GridScheduler grids = new GridScheduler();
    graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, sizes);
    graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, call.buffers());
    String name = GraphPlan.task(0, 1);
    try {
      call.addTo(graph, grids, name, sizes);
    } catch (TornadoBailoutRuntimeException e) {
      throw Problems.notTaken(e, item.label());
    }
    graph.transferToHost(DataTransferMode.UNDER_DEMAND, call.buffers());
    // never closed: the code is its
    @SuppressWarnings("resource")
    TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot());
    try {
      Signals.keep(() -> plan.withDevice(device).withGridScheduler(grids).withPreCompilation());
    } catch (RuntimeException e) {
      if (attempts > 1 && Problems.isOfDriver(e)) {
        return compile(d, item, attempts - 1);
      }
      throw Problems.explain(e, task -> item.label());
    }
    String prefix = GraphPlan.NAME + "." + name + "-";
    return d.ofPlan(plan.getId()).entrySet().stream()
        .filter(e -> e.getKey().startsWith(prefix))
        .map(e -> new Compiled(e.getKey().substring(prefix.length()), e.getValue()))
        .findFirst()
        .orElseThrow(
            () -> new DeviceException("TornadoVM compiled no kernel of " + item.label(), null));
  }

  private static TornadoNativeArray small(TornadoNativeArray like) {
    return switch (like) {
      case FloatArray a -> new FloatArray(1);
      case IntArray a -> new IntArray(1);
      case LongArray a -> new LongArray(1);
      case ShortArray a -> new ShortArray(1);
      default -> throw new IllegalStateException("no buffer like " + like.getClass());
    };
  }

  /** Takes back what was given to a plan that is to be closed: closing it frees its code. */
  void withdraw(long plan) {
    DriverCode d = driver;
    if (d != null) {
      d.ofPlan(plan).values().removeIf(shared::contains);
    }
  }
}
