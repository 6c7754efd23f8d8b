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
 * What a save is doing, written down in its folder before it does it. The name of this file says
 * how far the save is:
 *
 * <ul>
 *   <li>{@code .peft4j-HEX.save}: new files are being written beside their places. What is there
 *       counts; if the process is gone, the new files are waste.
 *   <li>{@code .peft4j-save}: all is written. The new files count, wherever they are: the rename to
 *       this name is the moment at which all of them replace all of the old ones.
 *   <li>{@code .peft4j-undo}: a rename failed. The old files count again, wherever they are.
 * </ul>
 *
 * <p>New and old files are called {@code .NAME.HEX.tmp} and {@code .NAME.HEX.old} with the HEX of
 * the record, which is drawn for each save: only what a record lists is ever removed.
 *
 * @param root the folder of the record
 * @param hex tells the save from others
 * @param entries what is replaced: files of the folder, or of folders directly in it
 * @param made folders that were made for it, in the order of making
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
   * @param temp the new one, until it is in its place
   * @param old the old one, when it has left its place
   * @param had whether there was an old one
   */
  record Entry(Path target, Path temp, Path old, boolean had) {
    /** The entry of the save {@code hex}. */
    static Entry of(Path target, String hex, boolean had) {
      String name = "." + target.getFileName() + "." + hex;
      return new Entry(
          target, target.resolveSibling(name + ".tmp"), target.resolveSibling(name + ".old"), had);
    }
  }

  /** The name of a record that has begun. */
  static String begun(String hex) {
    return ".peft4j-" + hex + ".save";
  }

  /** True for the name of a record that has begun. */
  static boolean isBegun(String name) {
    return BEGUN.matcher(name).matches();
  }

  static String firstLine(String hex) {
    return FORMAT + hex + "\n";
  }

  /** A line that says {@code kind} of a file: {@code file}, {@code had} or {@code made}. */
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
   * @throws FileFormatException if it holds something else
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

  /** The record in {@code text}; a last line without an end counts as not written. */
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

  /** Only names in the folder, or in a folder directly in it. */
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

  /** True if a save of {@code folder} was interrupted, or is at work, after it was complete. */
  static boolean isPending(Path folder) {
    return Files.exists(folder.resolve(COMMITTED), LinkOption.NOFOLLOW_LINKS)
        || Files.exists(folder.resolve(UNDO), LinkOption.NOFOLLOW_LINKS);
  }

  /** Where the content of {@code file} is now, if a save in {@code root} says so; else null. */
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

  /** The folders in which it replaces something, in one order for all saves. */
  Set<Path> folders() {
    Set<Path> all = new TreeSet<>();
    all.add(root);
    entries.forEach(e -> all.add(e.target.resolveSibling("x").getParent()));
    all.removeIf(f -> !Files.isDirectory(f));
    return all;
  }

  /** Brings what was interrupted after it was complete to its end. */
  void finish(FileOps ops) throws IOException {
    apply(ops);
    for (Entry e : entries) {
      ops.deleteTree(e.old);
    }
    ops.delete(root.resolve(COMMITTED));
  }

  /**
   * Puts the new files into their places. First the old ones leave theirs, the last one first: a
   * reader that knows nothing of records, such as peft, finds no settings then, and not new weights
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

  /** Puts the old files back; the record, which is called {@link #UNDO}, stays. */
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

  /** Not by a link: a record may come from anywhere, and must not reach out of its folder. */
  private boolean isInside(Path target) {
    Path folder = target.getParent();
    return root.equals(folder)
        || folder != null && Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS);
  }

  /** Removes what was written beside the places, and folders that were made for it. */
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
