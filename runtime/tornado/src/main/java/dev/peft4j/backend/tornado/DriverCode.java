package dev.peft4j.backend.tornado;

import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/**
 * The compiled code that TornadoVM's OpenCL driver keeps for each plan, by the name of the task.
 * TornadoVM has no call for it, so this looks inside the driver ({@link JvmFlags} opens it); where
 * that cannot be, each plan compiles for itself.
 */
final class DriverCode {
  private final Object context;
  private final Method codeOfPlan;
  private final Field entries;

  private DriverCode(Object context) throws ReflectiveOperationException {
    this.context = context;
    Class<?> type = context.getClass();
    codeOfPlan = type.getMethod("getCodeCache", long.class);
    entries = codeOfPlan.getReturnType().getDeclaredField("cache");
    entries.setAccessible(true);
  }

  /** That of a device, or null if its driver is another one or is closed. */
  static @Nullable DriverCode of(TornadoDevice device) {
    try {
      Object context = device.getClass().getMethod("getDeviceContext").invoke(device);
      DriverCode code = new DriverCode(context);
      code.ofPlan(-1); // throws if it is not what is expected
      return code;
    } catch (ReflectiveOperationException | RuntimeException e) {
      return null;
    }
  }

  /**
   * What is there for a plan, by {@code graph.task-method}; what is put there need no compiling.
   */
  @SuppressWarnings("unchecked")
  Map<String, Object> ofPlan(long plan) {
    try {
      return (Map<String, Object>) entries.get(codeOfPlan.invoke(context, plan));
    } catch (IllegalAccessException | InvocationTargetException e) {
      throw new IllegalStateException("TornadoVM's compiled code cannot be reached", e);
    }
  }
}
