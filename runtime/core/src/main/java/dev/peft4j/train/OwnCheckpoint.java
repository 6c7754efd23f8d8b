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
 * The distinction between checkpoints that this program has written and other folders of such a
 * name: another program's {@code checkpoint-500}, or a copy that a person keeps. Only the former
 * are removed.
 */
final class OwnCheckpoint {
  private static final Log LOG = Log.of(Checkpoint.class);
  private static final String FORMAT = "peft4j checkpoint ";

  private OwnCheckpoint() {}

  /** Returns whether the folder contains this program's mark for that step; it may be damaged. */
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

  /** Returns some of the files in an own checkpoint that do not belong to it. */
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

  /** Moves a folder that this program has not written out of the way of a checkpoint. */
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
        "{} is not a complete checkpoint of this program; it was renamed to {}",
        c.folder(),
        to.getFileName());
  }
}
