package dev.peft4j.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.AtomicFiles;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.PythonJson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * {@code training_state.json}: the progress of a run, what it was started with, and the size and
 * the SHA-256 of each other file of the checkpoint; also of itself, so that every changed byte is
 * noticed.
 */
final class Manifest {
  static final String FILE = "training_state.json";

  private static final String FORMAT = "peft4j checkpoint 1";
  private static final String OWN_SUM = "sha256";

  private final Path file;
  private final ObjectNode tree;

  private Manifest(Path file, ObjectNode tree) {
    this.file = file;
    this.tree = tree;
  }

  /** Creates a manifest to be written into {@code folder}. */
  static Manifest of(Path folder, TrainingState state) {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    tree.put("format", FORMAT);
    tree.put("step", state.step()).put("epoch", state.epoch()).put("batch", state.batch());
    tree.put("since_best", state.sinceBest());
    Best best = state.best();
    if (best == null) {
      tree.putNull("best");
    } else {
      // as text, which holds what JSON has no number for
      tree.putObject("best").put("step", best.step()).put("value", Double.toString(best.value()));
    }
    return new Manifest(folder.resolve(FILE), tree);
  }

  /**
   * Reads the manifest of a checkpoint; the other files are not checked.
   *
   * @throws FileFormatException if it is missing or damaged
   */
  static Manifest read(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new FileFormatException(folder, "is not a folder, expected a checkpoint");
    }
    Path file = folder.resolve(FILE);
    Manifest m = new Manifest(file, PythonJson.read(file));
    String format = m.tree.path("format").asText();
    if (!format.equals(FORMAT)) {
      throw new FileFormatException(
          file, "has the format '" + format + "', expected '" + FORMAT + "'");
    }
    String sum = m.tree.path(OWN_SUM).asText();
    m.tree.remove(OWN_SUM);
    if (!sum.equals(hex(m.text()))) {
      throw new FileFormatException(file, "is damaged: its checksum differs");
    }
    return m;
  }

  /** Returns further entries, to be added before writing. */
  ObjectNode tree() {
    return tree;
  }

  /** Returns an entry. */
  JsonNode get(String key) {
    return tree.path(key);
  }

  Path file() {
    return file;
  }

  TrainingState state() throws FileFormatException {
    JsonNode best = tree.path("best");
    return numbers(() -> stateOf(best));
  }

  /**
   * Returns what {@code reading} makes of the entries; a text that is not a number is reported with
   * the name of the file.
   */
  <T> T numbers(Supplier<T> reading) throws FileFormatException {
    try {
      return reading.get();
    } catch (NumberFormatException e) {
      throw new FileFormatException(file, "has a text in place of a number: " + e.getMessage(), e);
    }
  }

  private TrainingState stateOf(JsonNode best) {
    return new TrainingState(
        tree.path("step").longValue(),
        tree.path("epoch").longValue(),
        tree.path("batch").intValue(),
        best.isObject()
            ? new Best(
                best.path("step").longValue(), Double.parseDouble(best.path("value").asText()))
            : null,
        tree.path("since_best").intValue());
  }

  /** Writes the file; the other files of the folder have to exist. */
  void write() throws IOException {
    ObjectNode files = tree.putObject("files");
    for (Map.Entry<String, Path> e : others().entrySet()) {
      files
          .putObject(e.getKey())
          .put("bytes", Files.size(e.getValue()))
          .put("sha256", sum(e.getValue()));
    }
    ObjectNode signed = tree.deepCopy().put(OWN_SUM, hex(text()));
    AtomicFiles.write(file, PythonJson.format(signed));
  }

  /** Throws unless every file exists unchanged. */
  void verify() throws IOException {
    SequencedMap<String, Path> there = others();
    for (Map.Entry<String, JsonNode> e : tree.path("files").properties()) {
      Path expected = file.resolveSibling(e.getKey());
      Path found = there.get(e.getKey());
      if (found == null) {
        throw new FileFormatException(expected, "is missing");
      }
      long bytes = e.getValue().path("bytes").longValue();
      long size = Files.size(found);
      if (size != bytes) {
        throw new FileFormatException(
            expected,
            (size < bytes ? "is truncated: it has " : "has ")
                + size
                + " bytes, "
                + bytes
                + " were written");
      }
      if (!sum(found).equals(e.getValue().path("sha256").asText())) {
        throw new FileFormatException(expected, "is damaged: its checksum differs");
      }
    }
  }

  /** Returns the other files of the folder by their paths in it, with slashes. */
  private SequencedMap<String, Path> others() throws IOException {
    SequencedMap<String, Path> found = new TreeMap<>();
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null) {
      return found;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path f, BasicFileAttributes attributes) {
            String name = folder.relativize(f).toString().replace('\\', '/');
            if (!name.equals(FILE)) {
              found.put(name, f);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return found;
  }

  private String text() {
    return PythonJson.format(tree);
  }

  private static String sum(Path file) throws IOException {
    MessageDigest digest = sha256();
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static String hex(String text) {
    return HexFormat.of().formatHex(sha256().digest(text.getBytes(StandardCharsets.UTF_8)));
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
