package dev.peft4j.backend.tornado.kernel;

import java.lang.reflect.Constructor;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.common.TaskPackage;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * A kernel with its arguments and the grid of work items it runs on: what becomes one task of a
 * graph. Numbers among the arguments are constants of the compiled code; buffers are the device's.
 *
 * @param code an instance of TornadoVM's {@code TaskN}, N being the number of arguments
 * @param arguments what the kernel is called with, its {@code KernelContext} included
 * @param grid the work items
 */
public record KernelCall(Object code, List<Object> arguments, WorkerGrid grid) {
  /** The first argument of each kernel; one for all, since TornadoVM counts a graph's objects. */
  public static final KernelContext CONTEXT = new KernelContext();

  /**
   * Adds this as a task. The caller declares the buffers' transfers. No buffer may be there twice.
   *
   * @param graph the graph, whose name prefixes the task's in the scheduler
   * @param grids where the grid is entered
   * @param name the task's name, used once a graph
   */
  public void addTo(TaskGraph graph, GridScheduler grids, String name) {
    Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Object buffer : buffers()) {
      if (!seen.add(buffer)) {
        // TornadoVM would never end building the graph
        throw new IllegalArgumentException("kernel " + name + " is called twice with one buffer");
      }
    }
    graph.addTask(task(name));
    grids.addWorkerGrid(graph.getTaskGraphName() + "." + name, grid);
  }

  /** TornadoVM has a constructor for each number of arguments. */
  private TaskPackage task(String name) {
    int n = arguments.size();
    for (Constructor<?> c : TaskPackage.class.getConstructors()) {
      if (c.getParameterCount() == n + 2 && c.getParameterTypes()[1].isInstance(code)) {
        Object[] all = new Object[n + 2];
        all[0] = name;
        all[1] = code;
        System.arraycopy(arguments.toArray(), 0, all, 2, n);
        try {
          return (TaskPackage) c.newInstance(all);
        } catch (ReflectiveOperationException e) {
          throw new IllegalStateException("kernel " + name + " could not become a task", e);
        }
      }
    }
    throw new IllegalArgumentException(
        "kernel " + name + " is called with " + n + " arguments, which its code does not take");
  }

  /** The buffers among the arguments. */
  public Object[] buffers() {
    return arguments.stream().filter(TornadoNativeArray.class::isInstance).toArray();
  }
}
