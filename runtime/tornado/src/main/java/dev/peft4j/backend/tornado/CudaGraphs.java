package dev.peft4j.backend.tornado;

import java.lang.reflect.InvocationTargetException;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/**
 * Whether the task graphs of a device are recorded and replayed as CUDA graphs, which takes about a
 * tenth of the time to launch them. What changes between steps (batch, learning rate, step, key of
 * dropout) is in buffers whose transfers are part of the recording and read the host's memory anew
 * at each replay; a program of another shape is another plan with recordings of its own.
 */
final class CudaGraphs {
  /** System property that turns them off ({@code false}). */
  static final String ENABLED = "peft4j.cuda.graphs";

  private CudaGraphs() {}

  /** True if the device's driver records graphs, and that was not turned off. */
  static boolean of(TornadoDevice device) {
    if ("false".equalsIgnoreCase(System.getProperty(ENABLED))) {
      return false;
    }
    try {
      return (Boolean) device.getClass().getMethod("supportsExecutionGraphs").invoke(device);
    } catch (InvocationTargetException e) {
      return false;
    } catch (ReflectiveOperationException e) {
      return false; // another TornadoVM, which has none
    }
  }
}
