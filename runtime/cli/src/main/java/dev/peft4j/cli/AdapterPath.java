package dev.peft4j.cli;

import dev.peft4j.io.AdapterFolder;
import dev.peft4j.io.AtomicFiles;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.PeftFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The folder of {@code --adapter}. */
final class AdapterPath {
  private static final int DEPTH = 2;

  private AdapterPath() {}

  /**
   * Returns the folder if it holds an adapter.
   *
   * @throws FileFormatException if it does not, with the subfolders that do
   */
  static Path of(Path folder) throws IOException {
    Path above = folder.getParent();
    if (!Files.exists(folder) && above != null && !Files.exists(above)) {
      return HubAccess.require(folder); // perhaps a name on the Hub
    }
    if (!Files.isDirectory(folder) || isAdapter(folder)) {
      return folder; // whoever reads it says what is wrong
    }
    List<Path> below;
    try (Stream<Path> paths =
        Files.find(folder, DEPTH, (p, a) -> a.isDirectory() && isAdapter(p))) {
      below =
          paths
              .sorted(Comparator.comparingInt(Path::getNameCount).thenComparing(p -> p))
              .limit(2)
              .toList();
    }
    throw new FileFormatException(
        folder,
        "has no adapter ("
            + PeftFormat.CONFIG_FILE
            + " is not there)"
            + (below.isEmpty() ? "" : "; did you mean " + below.getFirst() + "?"));
  }

  /**
   * Returns the folder of an adapter whose weights are all finite.
   *
   * @throws FileFormatException if there is none, or a weight is NaN or infinite
   */
  static Path finite(Path folder) throws IOException {
    Path at = of(folder);
    AdapterFolder.read(at).checkFinite();
    return at;
  }

  private static boolean isAdapter(Path folder) {
    return AtomicFiles.exists(folder.resolve(PeftFormat.CONFIG_FILE));
  }
}
