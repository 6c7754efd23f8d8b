package dev.peft4j.backend.tornado.kernel;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The system class loader of a program that uses this backend ({@code -Djava.system.class.loader}):
 * the usual one, which also finds the class files of generated kernels. TornadoVM reads the class
 * file of each kernel through the system class loader, so there has to be one to read.
 */
public final class KernelClassLoader extends ClassLoader {
  private final Map<String, byte[]> files = new ConcurrentHashMap<>();

  /** Creates the loader; called by the JVM with its own system class loader. */
  public KernelClassLoader(ClassLoader parent) {
    super("kernels", parent);
  }

  /**
   * Returns the loader of this program.
   *
   * @throws IllegalStateException if Java was started with another one
   */
  static KernelClassLoader current() {
    if (ClassLoader.getSystemClassLoader() instanceof KernelClassLoader loader) {
      return loader;
    }
    throw new IllegalStateException(
        "kernels cannot be generated: start Java with the flags of this backend, which contain "
            + "-Djava.system.class.loader="
            + KernelClassLoader.class.getName());
  }

  /** Keeps a class file to be read, until {@link #remove}. */
  void put(String resource, byte[] file) {
    files.put(resource, file);
  }

  /** Drops a class file; one that was put there later, for the same kernel, stays. */
  void remove(String resource, byte[] file) {
    files.remove(resource, file);
  }

  @Override
  public @Nullable InputStream getResourceAsStream(String name) {
    byte[] file = files.get(name);
    return file == null ? super.getResourceAsStream(name) : new ByteArrayInputStream(file);
  }
}
