package dev.peft4j.backend.tornado.library;

import dev.peft4j.backend.tornado.kernel.LibraryCall;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.common.LibraryTaskDescriptor;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/**
 * The providers that run {@link LibraryCall}s. TornadoVM asks providers of an interface of its own,
 * which only the installed TornadoVM has: so they are made and entered here at run time, without a
 * class that would have to be compiled against it.
 */
public final class LibraryTasks {
  private static final String PACKAGE = "uk.ac.manchester.tornado.runtime.library.";

  private LibraryTasks() {}

  /** A runner of the calls of one execution plan; it is closed with the plan. */
  public interface Executor {
    /**
     * Gets ready for a call; called before each run, and never while a graph of the device is being
     * recorded.
     */
    void prepare(LibraryCall call);

    /**
     * Gives a call to the device.
     *
     * @param addresses the addresses of its buffers on the device, after their headers
     */
    void run(LibraryCall call, long[] addresses);

    /** Frees what it holds. */
    void close();
  }

  /** A maker of executors. */
  @FunctionalInterface
  public interface Maker {
    /** Returns what runs the calls of a plan on a device. */
    Executor create(TornadoDevice device, long plan);
  }

  /**
   * Enters who runs the calls of a library.
   *
   * @param library its name, that of {@link LibraryCall#library}
   * @param devices the devices that it can be run on
   * @throws IllegalStateException if TornadoVM is another one than expected
   */
  public static void register(String library, Predicate<TornadoDevice> devices, Maker maker) {
    try {
      ClassLoader loader = TornadoRuntimeProvider.getTornadoRuntime().getClass().getClassLoader();
      Class<?> registry = Class.forName(PACKAGE + "LibraryRegistry", true, loader);
      Class<?> provider = Class.forName(PACKAGE + "spi.TornadoLibraryProvider", true, loader);
      Class<?> context = Class.forName(PACKAGE + "spi.LibraryContext", true, loader);
      Method known = registry.getDeclaredMethod("getProviders");
      known.setAccessible(true);
      Field field = registry.getDeclaredField("providers");
      field.setAccessible(true);
      synchronized (LibraryTasks.class) {
        List<Object> all = new ArrayList<>((List<?>) known.invoke(null));
        all.add(
            Proxy.newProxyInstance(
                loader, new Class<?>[] {provider}, new Provider(library, devices, maker, context)));
        field.set(null, all); // others may be walking through the old list
      }
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this TornadoVM has no library tasks as expected", e);
    }
  }

  /** TornadoVM's provider. */
  private record Provider(
      String library, Predicate<TornadoDevice> devices, Maker maker, Class<?> context)
      implements InvocationHandler {
    @Override
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] given)
        throws ReflectiveOperationException {
      Object[] a = given == null ? new Object[0] : given;
      switch (method.getName()) {
        case "libraryName":
          return library;
        case "canHandle":
          return devices.test((TornadoDevice) a[0]);
        case "createContext":
          Executor made = maker.create((TornadoDevice) a[0], (Long) a[1]);
          return Proxy.newProxyInstance(
              context.getClassLoader(), new Class<?>[] {context}, new Context(made));
        case "prepare":
          executor(a[1]).prepare((LibraryCall) ((LibraryTaskDescriptor) a[0]).getTuning());
          return null;
        case "dispatch":
          run(a[1]);
          return null;
        case "destroyContext":
          executor(a[0]).close();
          return null;
        default:
          return ofObject(this, proxy, method, a);
      }
    }

    /** Resolves TornadoVM's {@code LibraryInvocation}. */
    private static void run(Object invocation) throws ReflectiveOperationException {
      Class<?> type = invocation.getClass();
      LibraryCall call = (LibraryCall) type.getMethod("getTuning").invoke(invocation);
      Method address = type.getMethod("getDevicePointer", int.class);
      long[] addresses = new long[(Integer) type.getMethod("getNumArgs").invoke(invocation)];
      for (int i = 0; i < addresses.length; i++) {
        addresses[i] = (Long) address.invoke(invocation, i);
      }
      Object context = type.getMethod("getContext").invoke(invocation);
      executor(Objects.requireNonNull(context)).run(Objects.requireNonNull(call), addresses);
    }

    private static Executor executor(Object context) {
      return ((Context) Proxy.getInvocationHandler(context)).executor;
    }
  }

  /** TornadoVM's context, an interface without methods. */
  private record Context(Executor executor) implements InvocationHandler {
    @Override
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] given) {
      return ofObject(this, proxy, method, given == null ? new Object[0] : given);
    }
  }

  private static Object ofObject(Object self, Object proxy, Method method, Object[] a) {
    return switch (method.getName()) {
      case "equals" -> proxy == a[0];
      case "hashCode" -> System.identityHashCode(proxy);
      case "toString" -> self.getClass().getSimpleName();
      default -> throw new IllegalStateException("TornadoVM asks for " + method);
    };
  }
}
