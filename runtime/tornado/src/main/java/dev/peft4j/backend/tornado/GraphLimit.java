package dev.peft4j.backend.tornado;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.instruction.ConstantInstruction;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.jspecify.annotations.Nullable;

/**
 * The number of nodes that a graph of TornadoVM can have. TornadoVM keeps them in an array of 1,024
 * places that does not grow; a training step of 60 adapted layers needs more, since a graph names
 * every buffer that passes through it. So the installed class is copied with a larger number, for
 * {@code --patch-module}; the installation stays as it is. Loads without TornadoVM.
 */
final class GraphLimit {
  /** The system property with the number of nodes in this JVM. */
  static final String PROPERTY = "peft4j.tornado.nodes";

  /** What TornadoVM has by itself. */
  private static final int OWN = 1024;

  private static final int RAISED = 16384;

  private static final String MODULE = "tornado.runtime";
  private static final String CLASS = "uk/ac/manchester/tornado/runtime/graph/TornadoGraph.class";

  private GraphLimit() {}

  /** Returns the number of nodes that a graph of this JVM's TornadoVM can have. */
  static int nodes() {
    return Integer.getInteger(PROPERTY, OWN);
  }

  /**
   * Writes the class into {@code folder} and returns the flags that use it; none if this TornadoVM
   * has another class, which then keeps its limit.
   *
   * @throws UncheckedIOException if the class cannot be read or written
   */
  static List<String> raise(Path home, Path folder) {
    try {
      byte @Nullable [] own = read(home.resolve("share/java/tornado"));
      byte @Nullable [] raised = own == null ? null : raised(own);
      if (raised == null) {
        return List.of();
      }
      Path file = folder.resolve(CLASS);
      Files.createDirectories(file.getParent());
      Files.write(file, raised);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot prepare TornadoVM's graphs in " + folder, e);
    }
    return List.of(
        "--patch-module=" + MODULE + "=" + folder.toAbsolutePath(), "-D" + PROPERTY + "=" + RAISED);
  }

  private static byte @Nullable [] read(Path jars) throws IOException {
    List<Path> found;
    try (Stream<Path> all = Files.list(jars)) {
      found = all.filter(p -> p.getFileName().toString().startsWith("tornado-runtime-")).toList();
    }
    if (found.size() != 1) {
      return null;
    }
    try (JarFile jar = new JarFile(found.getFirst().toFile())) {
      ZipEntry entry = jar.getEntry(CLASS);
      if (entry == null) {
        return null;
      }
      try (InputStream in = jar.getInputStream(entry)) {
        return in.readAllBytes();
      }
    }
  }

  /** The class with the larger number in the two places of its constructor, or null. */
  private static byte @Nullable [] raised(byte[] own) {
    AtomicInteger places = new AtomicInteger();
    byte[] raised;
    try {
      ClassFile classFile = ClassFile.of();
      raised =
          classFile.transformClass(
              classFile.parse(own),
              ClassTransform.transformingMethodBodies(
                  (code, e) -> {
                    if (e instanceof ConstantInstruction c && c.constantValue().equals(OWN)) {
                      places.incrementAndGet();
                      code.loadConstant(RAISED);
                    } else {
                      code.with(e);
                    }
                  }));
    } catch (IllegalArgumentException e) {
      return null; // of a newer Java
    }
    return places.get() == 2 ? raised : null;
  }
}
