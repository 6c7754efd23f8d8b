package dev.peft4j.tuner;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The one active adapter, saved for a moment so that an {@link AdapterExport} reads it. */
final class ExportedAdapter {
  private ExportedAdapter() {}

  static void write(AdapterSet adapters, String format, Path file) {
    AdapterExport export = AdapterExport.of(format);
    List<String> active = adapters.active();
    if (active.size() != 1) {
      throw new IllegalStateException(
          "one adapter has to be active to be exported, found "
              + active
              + "; combine them, or activate one");
    }
    String name = active.getFirst();
    try {
      Path folder = Files.createTempDirectory("peft4j-export");
      try {
        adapters.store().save(folder, name);
        Path saved = dev.peft4j.io.AdapterFolder.locate(folder, name);
        export.write(adapters.root(), saved, file);
      } finally {
        delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(p);
      }
    }
  }
}
