package dev.peft4j.processor;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;

/** Stand-ins for the runtime, compiled once: they write down which layers they were given. */
final class Stubs {
  private static final Path ANNOTATIONS = home(dev.peft4j.annotation.Peft.class);
  private static final Path JSPECIFY = home(org.jspecify.annotations.Nullable.class);
  private static final Path CLASSES = compile();

  private Stubs() {}

  static Path home(Class<?> type) {
    try {
      return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Path compile() {
    try {
      Path folder = Files.createTempDirectory("peft4j-stubs");
      Path sources = Path.of(Stubs.class.getResource("/stubs").toURI());
      return Compilation.plain(folder)
          .classPath(ANNOTATIONS, JSPECIFY)
          .sources(sources)
          .clean()
          .classes();
    } catch (IOException | URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  static List<Path> classPath() {
    return List.of(CLASSES, ANNOTATIONS, JSPECIFY);
  }

  /** The same as automatic modules dev.peft4j.core and dev.peft4j.annotations. */
  static List<Path> modules(Path folder) {
    return List.of(
        jar(folder.resolve("core.jar"), CLASSES, "dev.peft4j.core"),
        jar(folder.resolve("annotations.jar"), ANNOTATIONS, "dev.peft4j.annotations"),
        JSPECIFY);
  }

  /** Packs a folder, or passes on a jar. */
  static Path jar(Path jar, Path content, String moduleName) {
    if (!Files.isDirectory(content)) {
      return content;
    }
    var manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    if (!moduleName.isEmpty()) {
      manifest.getMainAttributes().putValue("Automatic-Module-Name", moduleName);
    }
    try (var out = new JarOutputStream(Files.newOutputStream(jar), manifest);
        Stream<Path> files = Files.walk(content)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        out.putNextEntry(
            new JarEntry(content.relativize(file).toString().replace(File.separatorChar, '/')));
        Files.copy(file, out);
        out.closeEntry();
      }
      return jar;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
