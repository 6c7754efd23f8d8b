package dev.peft4j.train;

import dev.peft4j.io.PythonJson;
import dev.peft4j.log.Log;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Tells the checkpoints that this program has written from what only has such a name: another
 * program's {@code checkpoint-500}, or a copy that a person keeps. Only the former are ever
 * removed.
 */
final class OwnCheckpoint {
  private static final Log LOG = Log.of(Checkpoint.class);
  private static final String FORMAT = "peft4j checkpoint ";

  private OwnCheckpoint() {}

  /** True if the folder has this program's mark inside, of that step; it may be damaged. */
  static boolean is(Checkpoint c) {
    Path file = c.folder().resolve(Manifest.FILE);
    try {
      if (!Files.isDirectory(c.folder(), LinkOption.NOFOLLOW_LINKS)) {
        return false;
      }
      var tree = PythonJson.read(file);
      return tree.path("format").asText().startsWith(FORMAT)
          && tree.path("step").isIntegralNumber()
          && tree.path("step").longValue() == c.step();
    } catch (IOException _) {
      return false;
    }
  }

  /** Some of the files in an own checkpoint that are not of it: somebody else's. */
  static List<String> foreignFiles(Checkpoint c) throws IOException {
    var files = PythonJson.read(c.folder().resolve(Manifest.FILE)).path("files");
    try (Stream<Path> all = Files.walk(c.folder())) {
      return all.filter(f -> !Files.isDirectory(f, LinkOption.NOFOLLOW_LINKS))
          .map(f -> c.folder().relativize(f).toString().replace('\\', '/'))
          .filter(name -> !name.equals(Manifest.FILE) && !files.has(name))
          .sorted()
          .limit(5)
          .toList();
    }
  }

  /** Makes room for a checkpoint where something lies that this program has not written. */
  static void moveAside(Checkpoint c) throws IOException {
    if (!Files.exists(c.folder(), LinkOption.NOFOLLOW_LINKS)
        || is(c) && foreignFiles(c).isEmpty()) {
      return;
    }
    String name = c.folder().getFileName() + ".other";
    Path to = c.folder().resolveSibling(name);
    for (int i = 2; Files.exists(to, LinkOption.NOFOLLOW_LINKS); i++) {
      to = c.folder().resolveSibling(name + "-" + i);
    }
    Files.move(c.folder(), to);
    LOG.warn(
        "{} was there and is no whole checkpoint of this program; it is called {} now",
        c.folder(),
        to.getFileName());
  }
}
