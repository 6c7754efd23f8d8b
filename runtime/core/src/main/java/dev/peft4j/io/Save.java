package dev.peft4j.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * New files, or a folder, that replace old ones together. {@link SaveRecord} describes the
 * protocol; a single file, which is renamed, needs no commit.
 */
final class Save implements AutoCloseable {
  /** The save that everything written below joins. */
  static final ScopedValue<Save> JOINED = ScopedValue.newInstance();

  private static final int ATTEMPTS = 20;

  private enum State {
    /** Nothing has changed yet. */
    BEGUN,
    /** The record says which files are valid. */
    COMMITTED,
    /** Nothing is left to do. */
    DONE
  }

  /** A file or folder of the save, with its bytes if it is a text that has not been written yet. */
  private record Part(SaveRecord.Entry entry, byte @Nullable [] text) {}

  private final FileOps ops;
  private final Path given;
  private final Path root;
  private final String hex;
  private final FileHold hold;
  private final SequencedMap<Path, Part> parts = new LinkedHashMap<>();
  private final List<Path> made = new ArrayList<>();
  private final Deque<Path> madeAbove;
  private State state = State.BEGUN;
  private boolean failed;
  private Path current;

  private Save(FileOps ops, Path given, Deque<Path> madeAbove) throws IOException {
    this.ops = ops;
    this.given = given;
    this.madeAbove = madeAbove;
    this.root = given.toRealPath();
    this.current = given;
    SaveRecovery.recover(root, ops);
    String name = "";
    FileHold taken = null;
    for (int i = 0; taken == null && i < ATTEMPTS; i++) {
      name = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
      Path file = root.resolve(SaveRecord.begun(name));
      ops.create(file).close();
      taken = FileHold.tryTake(file, false);
    }
    if (taken == null) {
      throw new IOException("another process removes the records of saves");
    }
    this.hex = name;
    this.hold = taken;
  }

  /**
   * Begins a save of files in a folder, or in its direct subfolders.
   *
   * @param folder the folder, created if missing
   */
  static Save begin(FileOps ops, Path folder) throws IOException {
    Path given = folder.toAbsolutePath().normalize();
    Deque<Path> madeAbove = new ArrayDeque<>();
    boolean done = false;
    Save save = null;
    try {
      makeFolders(ops, given, madeAbove);
      save = new Save(ops, given, madeAbove);
      save.note(SaveRecord.firstLine(save.hex));
      done = true;
      return save;
    } finally {
      if (!done && save != null) {
        save.close();
      } else if (!done) {
        remove(ops, madeAbove);
      }
    }
  }

  /** Returns whether this save can include {@code file}. */
  boolean covers(Path file) {
    Path folder = file.toAbsolutePath().normalize().getParent();
    return folder != null && (folder.equals(given) || given.equals(folder.getParent()));
  }

  /**
   * Returns the text that {@code file} will have by this save; null if it does not belong to it.
   */
  byte @Nullable [] text(Path file) {
    Part part = parts.get(target(file));
    return part == null ? null : part.text;
  }

  /** Returns the file that was being written when the save failed. */
  Path current() {
    return current;
  }

  /** Adds a file; a text is written when all files were added, unless it is unchanged. */
  void add(Path file, AtomicFiles.Content content) throws IOException {
    current = file;
    Path target = target(file);
    boolean done = false;
    try {
      Part part = new Part(SaveRecord.Entry.of(target, hex, false), null);
      if (content instanceof AtomicFiles.Text text) {
        part = new Part(part.entry, text.bytes());
      } else {
        write(part.entry, content);
      }
      parts.remove(target);
      parts.put(target, part);
      done = true;
    } finally {
      failed |= !done;
    }
  }

  /** Adds a folder, which is filled beside its place. */
  void addFolder(Path folder, AtomicFolder.Content content) throws IOException {
    current = folder;
    SaveRecord.Entry e = SaveRecord.Entry.of(target(folder), hex, false);
    note(SaveRecord.line("file", root, e.target()));
    ops.createFolder(e.temp());
    content.writeTo(e.temp());
    ops.forceTree(e.temp());
    parts.put(e.target(), new Part(e, null));
  }

  /** Removes a folder: it disappears at once. */
  void remove(Path folder) throws IOException {
    current = folder;
    SaveRecord.Entry e = SaveRecord.Entry.of(target(folder), hex, false);
    note(SaveRecord.line("file", root, e.target()));
    ops.move(e.target(), e.old());
    ops.forceFolder(root);
    parts.put(e.target(), new Part(e, null));
    discard();
  }

  /** Moves everything that was added to its place. */
  void commit() throws IOException {
    if (failed) {
      throw new IOException("a part of it could not be written");
    }
    if (parts.size() == 1 && commitOne(parts.firstEntry().getValue())) {
      return;
    }
    Set<Path> folders = new TreeSet<>();
    folders.add(root);
    parts.keySet().forEach(t -> folders.add(parent(t)));
    folders.removeIf(f -> !Files.isDirectory(f));
    while (state == State.BEGUN) {
      SaveRecovery.finish(root, ops);
      try (SaveRecovery.Locks locks = SaveRecovery.Locks.take(folders, ops, true)) {
        Path above = root.getParent();
        boolean pending =
            SaveRecord.isPending(root) || above != null && SaveRecovery.isPendingAbove(above, root);
        if (locks != null && !pending) {
          commitLocked();
        }
      }
    }
  }

  /** Commits by a single rename, or none; returns false if it takes two. */
  private boolean commitOne(Part only) throws IOException {
    if (only.text != null && isThere(only)) {
      discard();
      return true;
    }
    if (only.text != null) {
      write(only.entry, AtomicFiles.text(only.text));
    } else if (Files.isDirectory(only.entry.temp())
        && Files.exists(only.entry.target(), LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    replaceOne(only.entry);
    return true;
  }

  private void commitLocked() throws IOException {
    List<SaveRecord.Entry> changed = new ArrayList<>();
    List<Part> texts = new ArrayList<>();
    for (Part p : parts.values()) {
      if (p.text == null) {
        changed.add(p.entry);
      } else if (!isThere(p)) {
        texts.add(p);
      }
    }
    // What readers look at first is the last to come, and the first to go.
    texts.sort((a, b) -> Boolean.compare(isConfig(a), isConfig(b)));
    for (Part p : texts) {
      write(p.entry, AtomicFiles.text(p.text == null ? new byte[0] : p.text));
      changed.add(p.entry);
    }
    if (changed.isEmpty()) {
      discard();
    } else if (changed.size() == 1 && !Files.isDirectory(changed.getFirst().temp())) {
      replaceOne(changed.getFirst());
    } else {
      replaceAll(changed);
    }
  }

  private static boolean isConfig(Part p) {
    return p.entry.target().endsWith(PeftFormat.CONFIG_FILE);
  }

  private static boolean isThere(Part p) {
    Path target = p.entry.target();
    try {
      return Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)
          && p.text != null
          && Files.size(target) == p.text.length
          && Arrays.equals(Files.readAllBytes(target), p.text);
    } catch (IOException _) {
      return false;
    }
  }

  private void replaceOne(SaveRecord.Entry e) throws IOException {
    check(e);
    ops.move(e.temp(), e.target());
    state = State.DONE;
    ops.forceFolder(parent(e.target()));
    madeAbove.forEach(f -> ops.forceFolder(parent(f)));
    removeRecord(SaveRecord.begun(hex));
  }

  private void replaceAll(List<SaveRecord.Entry> changed) throws IOException {
    List<SaveRecord.Entry> entries = new ArrayList<>();
    StringBuilder lines = new StringBuilder();
    for (SaveRecord.Entry e : changed) {
      check(e);
      boolean had = Files.exists(e.target(), LinkOption.NOFOLLOW_LINKS);
      entries.add(SaveRecord.Entry.of(e.target(), hex, had));
      lines.append(had ? SaveRecord.line("had", root, e.target()) : "");
    }
    SaveRecord record = new SaveRecord(root, hex, entries, made);
    note(lines.toString());
    ops.force(hold.channel());
    record.folders().forEach(ops::forceFolder);
    madeAbove.forEach(f -> ops.forceFolder(parent(f)));
    Path begun = root.resolve(SaveRecord.begun(hex));
    Path committed = root.resolve(SaveRecord.COMMITTED);
    state = State.COMMITTED;
    try {
      ops.move(begun, committed);
    } catch (IOException e) {
      state = State.BEGUN;
      throw e;
    }
    ops.forceFolder(root);
    try {
      record.apply(ops);
    } catch (IOException e) {
      try {
        ops.move(committed, root.resolve(SaveRecord.UNDO));
        record.undo(ops);
        ops.move(root.resolve(SaveRecord.UNDO), begun);
        state = State.BEGUN;
      } catch (IOException next) {
        e.addSuppressed(next); // the record stays, and readers and the next save go by it
      }
      throw e;
    }
    try {
      record.finish(ops);
    } catch (IOException _) {
      // The new files are in their places; the next save removes the old ones.
    }
    state = State.DONE;
  }

  private void check(SaveRecord.Entry e) throws IOException {
    current = given.resolve(root.relativize(e.target()));
    if (!Files.exists(e.temp(), LinkOption.NOFOLLOW_LINKS)) {
      throw new NoSuchFileException(e.temp().toString());
    }
    if (!Files.isDirectory(e.temp(), LinkOption.NOFOLLOW_LINKS)
        && Files.isDirectory(e.target(), LinkOption.NOFOLLOW_LINKS)) {
      throw new FileSystemException(e.target().toString(), null, "a folder of that name exists");
    }
  }

  private void write(SaveRecord.Entry e, AtomicFiles.Content content) throws IOException {
    current = given.resolve(root.relativize(e.target()));
    Path folder = parent(e.target());
    if (!Files.isDirectory(folder)) {
      note(SaveRecord.line("made", root, folder));
      made.add(folder);
      createFolder(ops, folder);
    }
    note(SaveRecord.line("file", root, e.target()));
    ops.delete(e.temp());
    parts.put(e.target(), new Part(e, null));
    try (FileChannel channel = ops.create(e.temp())) {
      content.writeTo(ops.through(channel));
      ops.force(channel);
    }
  }

  private void note(String text) throws IOException {
    ops.append(hold.channel(), text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  private Path target(Path file) {
    Path at = file.toAbsolutePath().normalize();
    return root.resolve(given.relativize(at));
  }

  private static Path parent(Path file) {
    Path parent = file.getParent();
    return parent == null ? file : parent;
  }

  private void discard() throws IOException {
    List<SaveRecord.Entry> entries = parts.values().stream().map(Part::entry).toList();
    new SaveRecord(root, hex, entries, made).discard(ops);
    removeRecord(SaveRecord.begun(hex));
    state = State.DONE;
  }

  private void removeRecord(String name) {
    try {
      ops.delete(root.resolve(name));
    } catch (IOException _) {
      // The next save removes it.
    }
  }

  /** Removes temporary files, unless the save has been committed. */
  @Override
  public void close() throws IOException {
    try {
      if (state == State.BEGUN) {
        discard();
        remove(ops, madeAbove);
      }
    } catch (IOException _) {
      // What cannot be removed does not hide the failure before it.
    } finally {
      hold.release();
    }
  }

  /** Creates the missing folders and remembers them, innermost first. */
  private static void makeFolders(FileOps ops, Path folder, Deque<Path> made) throws IOException {
    Deque<Path> missing = new ArrayDeque<>();
    for (@Nullable Path f = folder;
        f != null && !Files.exists(f, LinkOption.NOFOLLOW_LINKS);
        f = f.getParent()) {
      missing.push(f);
    }
    for (Path f : missing) {
      if (!Files.isDirectory(f)) {
        if (createFolder(ops, f)) {
          made.push(f);
        }
      }
    }
  }

  /** Creates a folder; returns false if another process has just created it. */
  private static boolean createFolder(FileOps ops, Path folder) throws IOException {
    try {
      ops.createFolder(folder);
      return true;
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(folder)) {
        throw e;
      }
      return false;
    }
  }

  private static void remove(FileOps ops, Deque<Path> folders) throws IOException {
    for (Path f : folders) {
      try {
        ops.delete(f);
      } catch (IOException _) {
        // Somebody else has put something into it.
      }
    }
  }
}
