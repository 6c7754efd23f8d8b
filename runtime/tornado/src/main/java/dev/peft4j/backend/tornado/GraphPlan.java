package dev.peft4j.backend.tornado;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import dev.peft4j.backend.tornado.op.MoveKernels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.enums.ProfilerMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoBailoutRuntimeException;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Calls of kernels as one execution plan of several task graphs: those that compute, one that
 * replaces the states, and one that brings states in from the host. {@link GraphSplit} says which
 * call belongs to which graph.
 *
 * <p>TornadoVM passes a buffer on only from the graph that ran just before. So a buffer belongs to
 * the first graph that uses it, and each graph from there to the last one that uses it consumes and
 * persists it. A graph keeps what it has been handed, so the first graph of a step needs nothing
 * from the last of the step before. All graphs have the same name: TornadoVM keeps compiled code by
 * the names of graph and task, so equal calls get equal names and are compiled once.
 */
final class GraphPlan implements AutoCloseable {
  /**
   * A call.
   *
   * @param label what it computes, for messages
   * @param step the step of the program that it is part of, or -1
   */
  record Item(String label, KernelCall call, int step) {}

  /**
   * What runs, in order, which buffers have to be where, and whether the graphs are recorded as
   * CUDA graphs, which cannot be measured ({@link CudaGraphs}).
   */
  record Request(
      List<Item> compute,
      List<Item> commit,
      Set<Object> inputs,
      List<FloatArray> outputs,
      List<FloatArray> states,
      List<Integer> stateSizes,
      boolean recorded) {}

  static final String NAME = "p";

  private final GridScheduler grids = new GridScheduler();
  private final TornadoExecutionPlan plan;
  private final Object[] outputs;
  private final List<FloatArray> staging = new ArrayList<>();
  private final int computing;

  /** The last graph of a step; those from {@link #computing} on replace the states. */
  private final int last;

  /** The first of the graphs that bring states in, and the number of all graphs. */
  private final int stage;

  private final int graphs;
  private final CompiledKernels kernels;
  private final Map<GraphSplit.Key, Integer> numbers = new HashMap<>();
  private final Map<List<Integer>, IntArray> sizes = new HashMap<>();
  private final Map<String, Item> tasks = new HashMap<>();
  private final Map<Integer, String> labels = new HashMap<>();

  /** False if there are only calls of libraries. */
  private final boolean hasKernels;

  private int lastRun = -1;
  private @Nullable TornadoExecutionResult computed;
  private @Nullable TornadoExecutionResult committed;

  /** For each graph the items by the names of their tasks. */
  private final List<Map<String, Item>> itemsOf = new ArrayList<>();

  GraphPlan(TornadoDevice device, CompiledKernels kernels, Request request) {
    this.kernels = kernels;
    GraphSplit split = new GraphSplit(request.compute, !kernels.shares(), this::buffers);
    List<List<Item>> parts = new ArrayList<>(split.parts());
    computing = parts.size();
    parts.addAll(new GraphSplit(request.commit, false, this::buffers).parts());
    last = parts.size() - 1;
    Map<Object, int[]> ranges = ranges(parts);
    // what only the host fills is there already
    outputs = request.outputs.stream().filter(ranges::containsKey).toArray();
    for (Object o : outputs) {
      keepUntil(computing - 1, o, ranges);
    }
    List<FloatArray> used = request.states.stream().filter(ranges::containsKey).toList();
    used.forEach(s -> keepUntil(last, s, ranges));
    List<ImmutableTaskGraph> all = new ArrayList<>();
    for (int g = 0; g <= last; g++) {
      all.add(graph(g, parts.get(g), ranges, request, g == computing - 1));
    }
    stage = all.size();
    all.addAll(stageGraphs(request, used));
    graphs = all.size();
    plan = new TornadoExecutionPlan(all.toArray(new ImmutableTaskGraph[0]));
    plan.withDevice(device);
    if (request.recorded) {
      plan.withCUDAGraph();
    }
    kernels.provide(plan.getId(), tasks);
    hasKernels = tasks.values().stream().anyMatch(i -> !i.call.isLibrary());
  }

  /** The buffers of a call, that of a kernel's sizes being the first one. */
  private List<Object> buffers(KernelCall call) {
    List<Object> all = new ArrayList<>();
    if (!call.isLibrary()) {
      all.add(sizes(call));
    }
    all.addAll(List.of(call.buffers()));
    return all;
  }

  /** Calls with the same sizes share a buffer. */
  private IntArray sizes(KernelCall call) {
    return sizes.computeIfAbsent(call.sizes(), KernelCall::buffer);
  }

  private static void keepUntil(int graph, Object buffer, Map<Object, int[]> ranges) {
    int[] range = Objects.requireNonNull(ranges.get(buffer));
    range[1] = Math.max(range[1], graph);
  }

  private Map<Object, int[]> ranges(List<List<Item>> parts) {
    Map<Object, int[]> ranges = new IdentityHashMap<>();
    for (int g = 0; g < parts.size(); g++) {
      for (Item item : parts.get(g)) {
        for (Object b : buffers(item.call)) {
          int graph = g;
          ranges.computeIfAbsent(b, k -> new int[] {graph, graph})[1] = g;
        }
      }
    }
    return ranges;
  }

  private ImmutableTaskGraph graph(
      int g, List<Item> items, Map<Object, int[]> ranges, Request request, boolean givesResults) {
    TaskGraph graph = new TaskGraph(NAME);
    List<Object> fresh = new ArrayList<>();
    List<Object> kept = new ArrayList<>();
    List<Object> consumed = new ArrayList<>();
    List<Object> persisted = new ArrayList<>();
    ranges.forEach(
        (buffer, range) -> {
          if (range[0] == g) {
            (request.inputs.contains(buffer) ? fresh : kept).add(buffer);
          } else if (range[0] < g && g <= range[1]) {
            consumed.add(buffer);
          }
          if (range[0] <= g && g <= range[1]) {
            persisted.add(buffer);
          }
        });
    if (!fresh.isEmpty()) {
      graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, fresh.toArray());
    }
    if (!kept.isEmpty()) {
      graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, kept.toArray());
    }
    if (!consumed.isEmpty()) {
      graph.consumeFromDevice(NAME, consumed.toArray());
    }
    addTasks(graph, items);
    Set<Object> readable = identitySet();
    if (givesResults) {
      readable.addAll(Arrays.asList(outputs));
    }
    if (g == last) {
      readable.addAll(request.states);
    }
    if (!readable.isEmpty()) {
      graph.transferToHost(DataTransferMode.UNDER_DEMAND, readable.toArray());
    }
    graph.persistOnDevice(persisted.toArray());
    return graph.snapshot();
  }

  private void addTasks(TaskGraph graph, List<Item> items) {
    Map<String, Item> named = new HashMap<>();
    itemsOf.add(named);
    Map<GraphSplit.Key, Integer> seen = new HashMap<>();
    for (Item item : items) {
      GraphSplit.Key key = GraphSplit.Key.of(item.call);
      int occurrence = seen.merge(key, 1, Integer::sum);
      int number = numbers.computeIfAbsent(key, k -> numbers.size());
      labels.putIfAbsent(number, item.label);
      String name = task(number, occurrence);
      try {
        item.call.addTo(graph, grids, name, sizes(item.call));
      } catch (TornadoBailoutRuntimeException e) {
        throw Problems.notTaken(e, item.label);
      }
      tasks.put(name, item);
      named.put(name, item);
    }
  }

  /** The name of a task. */
  static String task(int kernel, int occurrence) {
    return "k" + kernel + "_" + occurrence;
  }

  /** States that the host has changed come in by way of buffers that nobody else uses. */
  private List<ImmutableTaskGraph> stageGraphs(Request request, List<FloatArray> used) {
    int[] n = request.stateSizes.stream().mapToInt(i -> i).toArray();
    for (int size : n) {
      staging.add(new FloatArray(Math.max(1, size)));
    }
    Set<Object> fromHost = identitySet(staging.toArray());
    List<Item> items = new ArrayList<>();
    MoveKernels.copies(staging, request.states, n)
        .forEach(call -> items.add(new Item("states from the host", call, -1)));
    List<ImmutableTaskGraph> made = new ArrayList<>();
    for (List<Item> part : new GraphSplit(items, false, this::buffers).parts()) {
      Set<Object> fresh = identitySet();
      Set<Object> numbers = identitySet();
      for (Item i : part) {
        numbers.add(sizes(i.call)); // copies are always kernels
        Arrays.stream(i.call.buffers()).filter(fromHost::contains).forEach(fresh::add);
      }
      TaskGraph graph = new TaskGraph(NAME);
      graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, fresh.toArray());
      graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, numbers.toArray());
      graph.consumeFromDevice(NAME, used.toArray());
      addTasks(graph, part);
      graph.persistOnDevice(used.toArray());
      made.add(graph.snapshot());
    }
    return made;
  }

  /** What the host changed in a state is written here before {@link #stage}. */
  FloatArray staging(int state) {
    return staging.get(state);
  }

  /** True before the first run: states are taken from their own arrays then. */
  boolean fresh() {
    return lastRun < 0;
  }

  /** True if states can be brought in now: the graph that has them all ran last. */
  boolean canStage() {
    return stage < graphs && lastRun == last;
  }

  /** Brings all states in from their staging arrays. */
  void stage() {
    for (int g = stage; g < graphs; g++) {
      execute(g);
    }
  }

  /**
   * Computes everything, and the results into their arrays.
   *
   * @param nanos gets the time that the kernels of each step of the program took, or null;
   *     measuring slows the execution
   */
  void compute(long @Nullable [] nanos) {
    for (int g = 0; g < computing; g++) {
      computed = nanos == null ? execute(g) : measured(g, nanos);
    }
    TornadoExecutionResult result = computed;
    if (outputs.length > 0 && result != null) {
      result.transferToHost(outputs);
    }
  }

  /** Replaces the states, but those that were updated where they are. */
  void commit() {
    committed = computed;
    for (int g = computing; g <= last; g++) {
      committed = execute(g);
    }
  }

  /** Reads a state that was replaced. */
  void read(FloatArray state) {
    TornadoExecutionResult result = committed;
    if (result != null) {
      result.transferToHost(state);
    }
  }

  private TornadoExecutionResult measured(int graph, long[] nanos) {
    plan.withProfiler(ProfilerMode.SILENT);
    try {
      TornadoExecutionResult result = execute(graph);
      KernelTimes.ofLast(result.getProfilerResult().getProfileLog())
          .forEach(
              (task, time) -> {
                Item item = itemsOf.get(graph).get(task);
                if (item != null && item.step >= 0) {
                  nanos[item.step] += time;
                }
              });
      return result;
    } finally {
      plan.withoutProfiler();
    }
  }

  private TornadoExecutionResult execute(int graph) {
    try {
      // executed through what these return: the plan itself would keep each result
      TornadoExecutionPlan one = plan.withGraph(graph);
      if (hasKernels) { // TornadoVM takes grids of kernels only
        one = one.withGridScheduler(grids);
      }
      TornadoExecutionResult result = one.execute();
      lastRun = graph;
      return result;
    } catch (RuntimeException e) {
      throw Problems.explain(e, this::label);
    }
  }

  /** What a task computes, by its name. */
  private @Nullable String label(String task) {
    int end = task.indexOf('_');
    try {
      return labels.get(Integer.parseInt(task.substring(1, end < 0 ? task.length() : end)));
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      return null;
    }
  }

  /** Number of graphs and of kernels that are compiled, for tests and profiles. */
  @Override
  public String toString() {
    return computing + " graphs, " + numbers.size() + " kernels";
  }

  @Override
  public void close() {
    try {
      kernels.withdraw(plan.getId());
      plan.close();
    } catch (TornadoExecutionPlanException e) {
      throw new IllegalStateException("TornadoVM could not close a plan: " + e.getMessage(), e);
    }
  }

  /** A set of buffers by identity. */
  static Set<Object> identitySet(Object... buffers) {
    Set<Object> set = Collections.newSetFromMap(new IdentityHashMap<>());
    set.addAll(Arrays.asList(buffers));
    return set;
  }
}
