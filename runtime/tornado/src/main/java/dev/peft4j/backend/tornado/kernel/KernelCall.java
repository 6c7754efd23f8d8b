package dev.peft4j.backend.tornado.kernel;

import java.lang.reflect.Constructor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * A kernel with its arguments and the grid of work items it runs on: what becomes one task of a
 * graph.
 *
 * <p>Whole numbers, such as sizes, are passed to the kernel in a buffer, which is its second
 * parameter: TornadoVM makes constants of numbers that are arguments, and would compile the kernel
 * again for each shape. Only other numbers, which say what the kernel computes, are constants.
 *
 * <p>A {@link LibraryCall} takes the place of the code where the device's manufacturer has a
 * library: its task has the buffers only, no sizes, no context and no grid.
 *
 * @param code an instance of TornadoVM's {@code TaskN}, N being the number of arguments, or a
 *     {@link LibraryCall}
 * @param arguments the {@code KernelContext}, buffers and constants, without the whole numbers
 * @param sizes the whole numbers, in their order
 * @param grid the work items; null for a library
 */
public record KernelCall(
    Object code, List<Object> arguments, List<Integer> sizes, @Nullable WorkerGrid grid) {
  /** The first argument of each kernel; one for all, since TornadoVM counts a graph's objects. */
  public static final KernelContext CONTEXT = new KernelContext();

  /** Creates a call with all arguments in their order, including the whole numbers. */
  public KernelCall(Object code, List<Object> arguments, WorkerGrid grid) {
    this(
        code,
        arguments.stream().filter(a -> !(a instanceof Integer)).toList(),
        arguments.stream().filter(Integer.class::isInstance).map(Integer.class::cast).toList(),
        grid);
  }

  /** Creates a call of a library with its buffers. */
  public KernelCall(LibraryCall library, List<Object> buffers) {
    this(library, List.copyOf(buffers), List.of(), null);
  }

  /** Returns true if a library computes it, for which nothing is compiled. */
  public boolean isLibrary() {
    return code instanceof LibraryCall;
  }

  /** Returns the same call with other arguments; the whole numbers stay. */
  public KernelCall withArguments(List<Object> others) {
    return new KernelCall(code, others, sizes, grid);
  }

  /** Returns a buffer for {@link #sizes}. */
  public static IntArray buffer(List<Integer> sizes) {
    IntArray a = new IntArray(Math.max(1, sizes.size()));
    for (int i = 0; i < sizes.size(); i++) {
      a.set(i, sizes.get(i));
    }
    return a;
  }

  /**
   * Adds this as a task. The caller declares the buffers' transfers. No buffer may occur twice.
   *
   * @param graph the graph, whose name prefixes the task's in the scheduler
   * @param grids where the grid is entered
   * @param name the task's name, used once a graph
   * @param numbers a buffer with {@link #sizes}; a library does without
   */
  public void addTo(TaskGraph graph, GridScheduler grids, String name, IntArray numbers) {
    Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Object buffer : buffers()) {
      if (!seen.add(buffer)) {
        // TornadoVM would never end building the graph
        throw new IllegalArgumentException("kernel " + name + " is called twice with one buffer");
      }
    }
    if (code instanceof LibraryCall library) {
      graph.libraryTask(name, ignored -> library.task(buffers()), 0);
      return;
    }
    graph.addTask(task(name, numbers));
    grids.addWorkerGrid(graph.getTaskGraphName() + "." + name, Objects.requireNonNull(grid));
  }

  /** Adds this as a task with a new buffer for the sizes, whose transfer is declared here. */
  public void addTo(TaskGraph graph, GridScheduler grids, String name) {
    IntArray numbers = buffer(sizes);
    if (!isLibrary()) {
      graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, numbers);
    }
    addTo(graph, grids, name, numbers);
  }

  /** TornadoVM has a constructor for each number of arguments. */
  private TaskPackage task(String name, IntArray numbers) {
    List<Object> all = new ArrayList<>(arguments);
    all.add(1, numbers);
    int n = all.size();
    for (Constructor<?> c : TaskPackage.class.getConstructors()) {
      if (c.getParameterCount() == n + 2 && c.getParameterTypes()[1].isInstance(code)) {
        all.addFirst(code);
        all.addFirst(name);
        try {
          return (TaskPackage) c.newInstance(all.toArray());
        } catch (ReflectiveOperationException e) {
          throw new IllegalStateException("kernel " + name + " could not become a task", e);
        }
      }
    }
    throw new IllegalArgumentException(
        "kernel " + name + " is called with " + n + " arguments, which its code does not take");
  }

  /** Returns the buffers among the arguments. */
  public Object[] buffers() {
    return arguments.stream().filter(TornadoNativeArray.class::isInstance).toArray();
  }
}
