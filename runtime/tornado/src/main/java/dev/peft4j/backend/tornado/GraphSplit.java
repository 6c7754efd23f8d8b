package dev.peft4j.backend.tornado;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * Cuts a list of calls into graphs that keep TornadoVM's limits. Where plans share no code ({@link
 * CompiledKernels#shares}) it also cuts where calls repeat, as the layers of a model do: equal
 * calls of different graphs of a plan have one compiled code then, those of one graph do not.
 */
final class GraphSplit {
  /** TornadoVM's: tasks of a graph. */
  private static final int MAX_TASKS = 256;

  /** TornadoVM's buffer for a graph: 15 bytes a task and 5 an argument. */
  private static final int MAX_BYTES = 8192;

  /** TornadoVM's nodes of a graph, about 3 for each object and 1 for each task and argument. */
  private static final int MAX_NODES = GraphLimit.nodes();

  /** Shorter graphs cost more to start than their repeated compiling. */
  private static final int FEW = 12;

  /** What a task's name stands for: compiled code and its grid. */
  record Key(CompiledKernels.Key code, List<Long> grid) {
    static Key of(KernelCall call) {
      List<Long> grid = new ArrayList<>();
      WorkerGrid items = call.grid();
      if (items == null) {
        return new Key(CompiledKernels.Key.of(call), grid);
      }
      for (long n : items.getGlobalWork()) {
        grid.add(n);
      }
      long[] local = items.getLocalWork();
      for (long n : local == null ? new long[0] : local) {
        grid.add(n);
      }
      return new Key(CompiledKernels.Key.of(call), grid);
    }
  }

  private final List<List<GraphPlan.Item>> parts = new ArrayList<>();

  /**
   * Cuts {@code items}.
   *
   * @param atRepetitions whether to cut where calls repeat
   * @param buffers the buffers of a call
   */
  GraphSplit(
      List<GraphPlan.Item> items,
      boolean atRepetitions,
      Function<KernelCall, List<Object>> buffers) {
    Map<Object, Integer> lastUse = new IdentityHashMap<>();
    for (int i = 0; i < items.size(); i++) {
      for (Object b : buffers.apply(items.get(i).call())) {
        lastUse.put(b, i);
      }
    }
    Set<Object> alive = GraphPlan.identitySet();
    List<GraphPlan.Item> part = new ArrayList<>();
    Set<Key> keys = new HashSet<>();
    Set<Object> objects = GraphPlan.identitySet();
    int bytes = 0;
    int arguments = 0;
    for (int i = 0; i < items.size(); i++) {
      KernelCall call = items.get(i).call();
      int size = call.arguments().size() + 1;
      List<Object> own = buffers.apply(call);
      Set<Object> more = GraphPlan.identitySet(own.toArray());
      more.removeAll(objects);
      boolean full =
          part.size() + 1 > MAX_TASKS
              || bytes + 15 + 5 * size > MAX_BYTES
              || 3 * (objects.size() + more.size()) + part.size() + 1 + arguments + size
                  > MAX_NODES;
      boolean repeats = atRepetitions && part.size() >= FEW && keys.contains(Key.of(call));
      if (full || repeats) {
        parts.add(part);
        part = new ArrayList<>();
        keys.clear();
        objects.clear();
        int now = i;
        alive.removeIf(b -> lastUse.getOrDefault(b, -1) < now);
        objects.addAll(alive);
        bytes = 0;
        arguments = 0;
      }
      part.add(items.get(i));
      keys.add(Key.of(call));
      objects.addAll(more);
      for (Object b : own) {
        objects.add(b);
        alive.add(b);
      }
      bytes += 15 + 5 * size;
      arguments +=
          (int) call.arguments().stream().filter(a -> !(a instanceof TornadoNativeArray)).count()
              + 1;
    }
    if (!part.isEmpty()) {
      parts.add(part);
    }
  }

  List<List<GraphPlan.Item>> parts() {
    return parts;
  }
}
