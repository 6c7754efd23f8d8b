package dev.peft4j.io;

import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The record of a save, written into its folder before the save does anything. The name of this
 * file is the state of the save:
 *
 * <ul>
 *   <li>{@code .peft4j-HEX.save}: new files are being written beside their places. The old files
 *       are valid; if the process is gone, the new files can be removed.
 *   <li>{@code .peft4j-save}: everything is written. The new files are valid, wherever they are:
 *       the rename to this name is the moment when all of them replace all of the old ones.
 *   <li>{@code .peft4j-undo}: a rename failed. The old files are valid again, wherever they are.
 * </ul>
 *
 * <p>New and old files are called {@code .NAME.HEX.tmp} and {@code .NAME.HEX.old} with the HEX of
 * the record, which is random for each save: only files that a record lists are removed.
 *
 * @param root the folder of the record
 * @param hex identifies the save
 * @param entries the files that are replaced, in the folder or its direct subfolders
 * @param made folders that were created for it, in order
 */
record SaveRecord(Path root, String hex, List<Entry> entries, List<Path> made) {
  static final String COMMITTED = ".peft4j-save";
  static final String UNDO = ".peft4j-undo";
  static final String LOCK = ".peft4j-lock";

  private static final String FORMAT = "peft4j save 1 ";
  private static final Pattern BEGUN = Pattern.compile("\\.peft4j-[0-9a-f]{16}\\.save");

  /**
   * One file or folder.
   *
   * @param target its place
   * @param temp the new file, until it is in its place
   * @param old the old file, after it has left its place
   * @param had whether there was an old file
   */
  record Entry(Path target, Path temp, Path old, boolean had) {
    /** Returns the entry of the save {@code hex}. */
    static Entry of(Path target, String hex, boolean had) {
      String name = "." + target.getFileName() + "." + hex;
      return new Entry(
          target, target.resolveSibling(name + ".tmp"), target.resolveSibling(name + ".old"), had);
    }
  }

  /** Returns the name of a record that has begun. */
  static String begun(String hex) {
    return ".peft4j-" + hex + ".save";
  }

  /** Returns whether a name is that of a record that has begun. */
  static boolean isBegun(String name) {
    return BEGUN.matcher(name).matches();
  }

  static String firstLine(String hex) {
    return FORMAT + hex + "\n";
  }

  /** Returns a line of kind {@code file}, {@code had} or {@code made} about a file. */
  static String line(String kind, Path root, Path file) {
    StringBuilder out = new StringBuilder(kind).append(' ');
    String separator = "";
    for (Path part : root.relativize(file)) {
      out.append(separator).append(URLEncoder.encode(part.toString(), StandardCharsets.UTF_8));
      separator = "/";
    }
    return out.append('\n').toString();
  }

  /**
   * Reads a record.
   *
   * @return null if there is no such file
   * @throws FileFormatException if it is not a record
   */
  static @Nullable SaveRecord read(Path file) throws IOException {
    String text;
    try {
      text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    } catch (NoSuchFileException _) {
      return null;
    }
    return parse(file, text);
  }

  /** Returns the record in {@code text}; a last line without a line break is ignored. */
  static SaveRecord parse(Path file, String text) throws FileFormatException {
    Path root = file.resolveSibling("x").getParent();
    List<String> lines = text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
    String first = lines.isEmpty() ? "" : lines.getFirst();
    String hex = first.startsWith(FORMAT) ? first.substring(FORMAT.length()) : "";
    if (root == null || !hex.matches("[0-9a-f]{16}")) {
      throw bad(file);
    }
    List<Path> targets = new ArrayList<>();
    List<Path> made = new ArrayList<>();
    Set<Path> had = new HashSet<>();
    for (String line : lines.subList(1, lines.size())) {
      int space = line.indexOf(' ');
      Path at = path(file, root, line.substring(space + 1));
      switch (line.substring(0, Math.max(space, 0))) {
        case "file" -> targets.add(at);
        case "had" -> had.add(at);
        case "made" -> made.add(at);
        default -> throw bad(file);
      }
    }
    return new SaveRecord(
        root,
        hex,
        targets.stream().distinct().map(t -> Entry.of(t, hex, had.contains(t))).toList(),
        made);
  }

  /**
   * Returns the path of a name in the folder, or in a direct subfolder; other paths are refused.
   */
  private static Path path(Path file, Path root, String text) throws FileFormatException {
    Path at = root;
    String[] parts = text.split("/", -1);
    for (String part : parts) {
      try {
        String name = URLDecoder.decode(part, StandardCharsets.UTF_8);
        Path next = at.resolve(name);
        if (name.isEmpty()
            || name.equals(".")
            || name.equals("..")
            || next.getNameCount() != at.getNameCount() + 1
            || !at.equals(next.getParent())) {
          throw bad(file);
        }
        at = next;
      } catch (IllegalArgumentException _) {
        throw bad(file);
      }
    }
    if (parts.length > 2) {
      throw bad(file);
    }
    return at;
  }

  private static FileFormatException bad(Path file) {
    return new FileFormatException(
        file,
        "is not the record of a save, as which it is named; if nothing else is missing in its"
            + " folder, remove it");
  }

  /** Returns whether a complete save of {@code folder} was interrupted, or is being committed. */
  static boolean isPending(Path folder) {
    return Files.exists(folder.resolve(COMMITTED), LinkOption.NOFOLLOW_LINKS)
        || Files.exists(folder.resolve(UNDO), LinkOption.NOFOLLOW_LINKS);
  }

  /**
   * Returns the path of the current content of {@code file}, if a save in {@code root} has moved
   * it; else null.
   */
  static @Nullable Path locate(Path root, Path file) throws IOException {
    SaveRecord committed = read(root.resolve(COMMITTED));
    SaveRecord undo = committed == null ? read(root.resolve(UNDO)) : null;
    SaveRecord record = committed == null ? undo : committed;
    if (record == null) {
      return null;
    }
    for (Entry e : record.entries) {
      if (file.equals(e.target)) {
        Path at = undo == null ? e.temp : e.old;
        boolean there = Files.exists(at, LinkOption.NOFOLLOW_LINKS);
        return there || undo != null && !e.had ? at : null;
      }
    }
    return null;
  }

  /** Returns the folders in which files are replaced, in the same order for all saves. */
  Set<Path> folders() {
    Set<Path> all = new TreeSet<>();
    all.add(root);
    entries.forEach(e -> all.add(e.target.resolveSibling("x").getParent()));
    all.removeIf(f -> !Files.isDirectory(f));
    return all;
  }

  /** Completes an interrupted save that was complete on the disk. */
  void finish(FileOps ops) throws IOException {
    apply(ops);
    for (Entry e : entries) {
      ops.deleteTree(e.old);
    }
    ops.delete(root.resolve(COMMITTED));
  }

  /**
   * Moves the new files to their places. First the old files are moved away, the last one first: a
   * reader that does not know records, such as peft, then finds no settings, but never new weights
   * beside old settings.
   */
  void apply(FileOps ops) throws IOException {
    for (Entry e : entries.reversed()) {
      if (Files.exists(e.temp, LinkOption.NOFOLLOW_LINKS)
          && Files.exists(e.target, LinkOption.NOFOLLOW_LINKS)) {
        ops.move(e.target, e.old);
      }
    }
    for (Entry e : entries) {
      if (Files.exists(e.temp, LinkOption.NOFOLLOW_LINKS)) {
        ops.move(e.temp, e.target);
      }
    }
    folders().forEach(ops::forceFolder);
  }

  /** Moves the old files back; the record, which is called {@link #UNDO}, stays. */
  void undo(FileOps ops) throws IOException {
    for (Entry e : entries) {
      if (Files.exists(e.old, LinkOption.NOFOLLOW_LINKS)) {
        if (Files.isDirectory(e.old, LinkOption.NOFOLLOW_LINKS)
            && Files.exists(e.target, LinkOption.NOFOLLOW_LINKS)) {
          ops.move(e.target, e.temp);
        }
        ops.move(e.old, e.target);
      } else if (!e.had
          && !Files.exists(e.temp, LinkOption.NOFOLLOW_LINKS)
          && Files.exists(e.target, LinkOption.NOFOLLOW_LINKS)
          && isInside(e.target)) {
        ops.move(e.target, e.temp);
      }
    }
    folders().forEach(ops::forceFolder);
  }

  /**
   * Returns whether a path is inside the folder without a link: a record may come from anywhere,
   * and must not reach outside its folder.
   */
  private boolean isInside(Path target) {
    Path folder = target.getParent();
    return root.equals(folder)
        || folder != null && Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS);
  }

  /** Removes temporary files, and folders that were created for the save. */
  void discard(FileOps ops) throws IOException {
    for (Entry e : entries) {
      ops.deleteTree(e.temp);
      ops.deleteTree(e.old);
    }
    for (Path folder : made.reversed()) {
      try {
        ops.delete(folder);
      } catch (IOException _) {
        // Somebody else has put something into it.
      }
    }
  }
}
