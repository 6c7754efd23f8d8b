package dev.peft4j.tuner;

import dev.peft4j.nn.Module;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ServiceLoader;

/**
 * A way to write an adapter for another program. One that is on the class path is found by {@link
 * ServiceLoader} ({@code @AutoService(AdapterExport.class)}).
 */
public interface AdapterExport {
  /** Returns the name of the format, such as {@code gguf}. */
  String format();

  /**
   * Writes an adapter.
   *
   * @param base the model that it is for
   * @param adapter a folder in which it was saved as peft does
   * @param file the file to write
   * @throws IOException if the format cannot hold the adapter, naming what it cannot, or the file
   *     cannot be written
   */
  void write(Module base, Path adapter, Path file) throws IOException;

  /**
   * Returns the one of that name.
   *
   * @throws IllegalStateException if there is none on the class path
   */
  static AdapterExport of(String format) {
    for (AdapterExport e :
        ServiceLoader.load(AdapterExport.class, AdapterExport.class.getClassLoader())) {
      if (e.format().equals(format)) {
        return e;
      }
    }
    throw new IllegalStateException(
        "nothing on the class path writes adapters as '"
            + format
            + "'; the module peft4j-transformers does for gguf");
  }
}
