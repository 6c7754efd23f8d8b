package dev.peft4j.backend.tornado.kernel;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/**
 * What TornadoVM keeps of the kernels that it has read, by their methods, and never drops; with it
 * go the kernels' classes. TornadoVM has no call to drop them, so this looks inside ({@code
 * JvmFlags} opens it); where that cannot be, the classes stay.
 */
final class Sketches {
  private static final @Nullable Sketches OF_JVM = create();

  private final Map<?, ?> cache;
  private final Method resolve;

  private Sketches() throws ReflectiveOperationException {
    Object runtime = TornadoRuntimeProvider.getTornadoRuntime();
    resolve = runtime.getClass().getMethod("resolveMethod", Method.class);
    Class<?> type =
        Class.forName(
            "uk.ac.manchester.tornado.runtime.sketcher.TornadoSketcher",
            true,
            runtime.getClass().getClassLoader());
    Field field = type.getDeclaredField("cache");
    field.setAccessible(true);
    cache = (Map<?, ?>) field.get(null);
  }

  private static @Nullable Sketches create() {
    try {
      return new Sketches();
    } catch (ReflectiveOperationException | RuntimeException e) {
      return null;
    }
  }

  /** Drops what is kept of a class that is no longer used. */
  static void forget(Class<?> kernel) {
    Sketches s = OF_JVM;
    if (s == null) {
      return;
    }
    for (Method m : kernel.getDeclaredMethods()) {
      try {
        s.cache.remove(s.resolve.invoke(TornadoRuntimeProvider.getTornadoRuntime(), m));
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("TornadoVM's sketches cannot be reached", e);
      }
    }
  }
}
