package dev.peft4j.backend.tornado.kernel;

import java.util.List;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.WorkerGrid;

/**
 * A kernel with its arguments and the grid of work items it runs on: what becomes one task of a
 * graph. Numbers among the arguments are constants of the compiled code; buffers are the device's.
 *
 * @param code an instance of TornadoVM's {@code TaskN}, N being the number of arguments
 * @param arguments what the kernel is called with, its {@code KernelContext} included
 * @param grid the work items
 */
public record KernelCall(Object code, List<Object> arguments, WorkerGrid grid) {
  /**
   * Adds this as a task. The caller declares the buffers' transfers.
   *
   * @param graph the graph, whose name prefixes the task's in the scheduler
   * @param grids where the grid is entered
   * @param name the task's name, used once a graph
   */
  public void addTo(TaskGraph graph, GridScheduler grids, String name) {
    throw new UnsupportedOperationException("not yet"); // follows
  }

  /** The buffers among the arguments. */
  public List<Object> buffers() {
    throw new UnsupportedOperationException("not yet"); // follows
  }
}
