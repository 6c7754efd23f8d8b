package dev.peft4j.backend.tornado;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoBailoutRuntimeException;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * The kernels that a device has compiled, for all plans. TornadoVM keeps compiled code for a task
 * of a plan and no longer; here each kernel is compiled once, by a plan of its own that is never
 * run, and given to whatever plan has a task with it. Since sizes are not part of a kernel's code,
 * a program of another shape compiles nothing. At most {@link #MAX_KERNELS} are kept that no plan
 * uses; those that were not used for longest are freed first.
 */
final class CompiledKernels implements AutoCloseable {
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

  /** Kernels that are kept though no plan uses them. */
  static final int MAX_KERNELS = 1024;

  /** A kernel's code, the plan that it belongs to, and how many other plans have it. */
  private static final class Compiled {
    final String method;
    final Object code;
    final TornadoExecutionPlan owner;
    int users;

    Compiled(String method, Object code, TornadoExecutionPlan owner) {
      this.method = method;
      this.code = code;
      this.owner = owner;
    }
  }

  private final TornadoDevice device;
  private final @Nullable DriverCode driver;
  private final int max;

  /** Held by the thread that compiles without the device. */
  private final ReentrantLock compiling = new ReentrantLock();

  private final LinkedHashMap<Key, Compiled> kernels = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<Long, Set<Compiled>> usedBy = new HashMap<>();
  private final Set<Object> shared = Collections.newSetFromMap(new IdentityHashMap<>());

  CompiledKernels(TornadoDevice device) {
    this(device, MAX_KERNELS);
  }

  CompiledKernels(TornadoDevice device, int max) {
    this.max = max;
    this.device = device;
    this.driver = DriverCode.of(device);
  }

  /** True if plans share code; else each compiles for itself. */
  boolean shares() {
    return driver != null;
  }

  /** Number of compiled kernels that there are. */
  int size() {
    return kernels.size();
  }

  /**
   * Compiles the kernels of {@code items} that there are not yet. Other threads get the device
   * meanwhile; only one thread compiles at a time.
   *
   * @param lock the device's, which this thread holds
   */
  void compileMissing(List<GraphPlan.Item> items, ReentrantLock lock) {
    DriverCode d = driver;
    Map<Key, GraphPlan.Item> missing = d == null ? Map.of() : missing(items);
    if (d == null || missing.isEmpty() || lock.getHoldCount() > 1) {
      return; // within another program's run nothing may change: provide() compiles
    }
    lock.unlock();
    try {
      compiling.lock();
      try {
        for (Map.Entry<Key, GraphPlan.Item> m : missing.entrySet()) {
          if (!within(lock, () -> kernels.containsKey(m.getKey()))) {
            Compiled compiled = compile(d, m.getValue(), ATTEMPTS);
            within(lock, () -> keep(m.getKey(), compiled));
          }
        }
      } finally {
        compiling.unlock();
      }
    } finally {
      lock.lock();
    }
  }

  /** True while a thread compiles without the device. */
  boolean isCompiling() {
    return compiling.isLocked();
  }

  private static <T> T within(ReentrantLock lock, Supplier<T> body) {
    lock.lock();
    try {
      return body.get();
    } finally {
      lock.unlock();
    }
  }

  private Map<Key, GraphPlan.Item> missing(List<GraphPlan.Item> items) {
    Map<Key, GraphPlan.Item> missing = new LinkedHashMap<>();
    for (GraphPlan.Item item : items) {
      Key key = Key.of(item.call());
      if (!item.call().isLibrary() && !kernels.containsKey(key)) {
        missing.putIfAbsent(key, item);
      }
    }
    return missing;
  }

  /** Keeps a kernel; if another thread was faster, its kernel stays and this one is freed. */
  private Compiled keep(Key key, Compiled compiled) {
    Compiled there = kernels.putIfAbsent(key, compiled);
    if (there != null) {
      close(compiled.owner);
      return there;
    }
    shared.add(compiled.code);
    return compiled;
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
    Set<Compiled> used =
        usedBy.computeIfAbsent(plan, p -> Collections.newSetFromMap(new IdentityHashMap<>()));
    tasks.forEach(
        (name, item) -> {
          if (item.call().isLibrary()) {
            return;
          }
          Key key = Key.of(item.call());
          Compiled compiled = kernels.get(key);
          if (compiled == null) {
            compiled = keep(key, compile(d, item, ATTEMPTS));
          }
          if (used.add(compiled)) {
            compiled.users++;
          }
          code.put(GraphPlan.NAME + "." + name + "-" + compiled.method, compiled.code);
        });
    free(max);
  }

  /** Frees the oldest kernels that no plan uses until there are so many. */
  private void free(int most) {
    Iterator<Compiled> oldest = kernels.values().iterator();
    while (kernels.size() > most && oldest.hasNext()) {
      Compiled c = oldest.next();
      if (c.users == 0) {
        oldest.remove();
        shared.remove(c.code);
        close(c.owner);
      }
    }
  }

  private static void close(TornadoExecutionPlan plan) {
    try {
      plan.close();
    } catch (TornadoExecutionPlanException e) {
      throw new IllegalStateException("TornadoVM could not close a plan: " + e.getMessage(), e);
    }
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
    // closed when the kernel is dropped: the code belongs to it
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
        .map(e -> new Compiled(e.getKey().substring(prefix.length()), e.getValue(), plan))
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
      Set<Compiled> used = usedBy.remove(plan);
      if (used != null) {
        used.forEach(c -> c.users--);
      }
      free(max);
    }
  }

  /** Frees all kernels that no plan uses. */
  @Override
  public void close() {
    free(0);
  }
}
