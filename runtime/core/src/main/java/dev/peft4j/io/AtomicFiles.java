package dev.peft4j.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * Atomic writing of files: a reader never sees a half-written file, even after a crash. The content
 * is written to a temporary file in the same folder, is forced to the disk, and takes the place of
 * the old file by one atomic rename. If anything fails, the old files are unchanged, temporary
 * files and new folders are removed, and the exception names the folder and the reason.
 *
 * <p>Several files ({@link #writeAll}, {@link #together}) replace their old ones together, even if
 * the process is killed at any moment: a record {@code .peft4j-...} in the folder lists the changes
 * until they are done, and one rename of the record makes all of the new files valid. The readers
 * of this project follow the record; other programs may find files missing for a moment, the last
 * of {@code writeAll} first, but never new ones beside old ones. A text that is unchanged is not
 * written again. The next save in the folder, or the next read of an adapter, completes what a
 * killed process has left, and removes its temporary files.
 */
public final class AtomicFiles {
  /** The content of a file. */
  @FunctionalInterface
  public interface Content {
    /** Writes the content to {@code out}; called once. */
    void writeTo(WritableByteChannel out) throws IOException;
  }

  /** Work that writes files. */
  @FunctionalInterface
  public interface Work {
    /** Writes the files. */
    void run() throws IOException;
  }

  /** A content that is known before it is written. */
  record Text(byte[] bytes) implements Content {
    @Override
    public void writeTo(WritableByteChannel out) throws IOException {
      writeFully(out, ByteBuffer.wrap(bytes));
    }
  }

  /** The folder in which writes need not be atomic, because it appears as a whole. */
  static final ScopedValue<Path> INSIDE = ScopedValue.newInstance();

  private AtomicFiles() {}

  /**
   * Writes or replaces one file; missing parent folders are created.
   *
   * @throws IOException if it cannot be written; nothing was changed then
   */
  public static void write(Path file, Content content) throws IOException {
    writeAll(new LinkedHashMap<>(Map.of(file, content)));
  }

  /** Writes or replaces one file with {@code text} as UTF-8. */
  public static void write(Path file, String text) throws IOException {
    write(file, text(text));
  }

  /**
   * Writes or replaces several files together: all are complete on the disk before any of them is
   * visible.
   *
   * @param files files in one folder or its direct subfolders; the file that readers open first is
   *     the last one
   * @throws IOException if one cannot be written; nothing was changed then
   */
  public static void writeAll(SequencedMap<Path, Content> files) throws IOException {
    if (files.isEmpty()) {
      return;
    }
    if (files.keySet().stream().allMatch(AtomicFiles::isInside)) {
      for (Map.Entry<Path, Content> e : files.entrySet()) {
        writePlainly(e.getKey(), e.getValue());
      }
    } else if (Save.JOINED.isBound()
        && files.keySet().stream().allMatch(Save.JOINED.get()::covers)) {
      Save save = Save.JOINED.get();
      try {
        for (Map.Entry<Path, Content> e : files.entrySet()) {
          save.add(e.getKey(), e.getValue());
        }
      } catch (IOException e) {
        throw failure(save.current(), e);
      }
    } else {
      together(commonFolder(files.keySet()), files.firstEntry().getKey(), () -> writeAll(files));
    }
  }

  /**
   * Replaces all files that {@code work} writes by this class together, when it is done.
   *
   * @param folder the folder of the files, which may be in direct subfolders; files elsewhere are
   *     written as usual
   * @throws IOException if {@code work} throws it, or the files cannot be written; nothing was
   *     changed then
   */
  public static void together(Path folder, Work work) throws IOException {
    together(folder, folder.resolve("files"), work);
  }

  private static void together(Path folder, Path first, Work work) throws IOException {
    Path inside = folder.resolve("x");
    if (isInside(inside) || Save.JOINED.isBound() && Save.JOINED.get().covers(inside)) {
      work.run();
      return;
    }
    Save save;
    try {
      save = Save.begin(FileOps.current(), folder);
    } catch (IOException e) {
      throw failure(first, e);
    }
    try (save) {
      ScopedValue.where(Save.JOINED, save)
          .call(
              () -> {
                work.run();
                return true;
              });
      try {
        save.commit();
      } catch (IOException e) {
        throw failure(save.current(), e);
      }
    }
  }

  private static IOException failure(Path file, IOException e) {
    return new IOException(
        "cannot write "
            + file.getFileName()
            + " in folder "
            + parent(file)
            + ": "
            + Quote.reason(e)
            + "; existing files are unchanged",
        e);
  }

  /**
   * Returns the path of a file's current content: usually {@code file} itself. A process that was
   * killed while saving several files may have left the content under another name.
   *
   * @throws FileFormatException if the record that was left is not valid
   */
  public static Path current(Path file) throws IOException {
    Path at = file.toAbsolutePath().normalize();
    Path folder = at.getParent();
    if (folder == null) {
      return file;
    }
    Path found = SaveRecord.isPending(folder) ? SaveRecord.locate(folder, at) : null;
    if (found != null) {
      return found;
    }
    Path above = folder.getParent();
    if (above != null && SaveRecovery.isPendingAbove(above, folder)) {
      found = SaveRecord.locate(above, at);
    }
    return found == null ? file : found;
  }

  /**
   * Returns whether a file exists, or was saved by a process that was killed before the file was in
   * its place. Readers that use this class find it in both cases.
   */
  public static boolean exists(Path file) {
    try {
      return Files.exists(current(file));
    } catch (IOException _) {
      return true; // reading it says what is wrong
    }
  }

  /** Reads a file from the path that it is given. */
  @FunctionalInterface
  interface Reader<T> {
    T read(Path at) throws IOException;
  }

  /** Reads a file from the path of its current content; again if it is moved meanwhile. */
  static <T> T reading(Path file, Reader<T> reader) throws IOException {
    boolean again = true;
    while (true) {
      Path at = current(file);
      try {
        return reader.read(at);
      } catch (IOException e) {
        boolean missing =
            e instanceof NoSuchFileException || e.getCause() instanceof NoSuchFileException;
        if (!missing || at.equals(current(file)) && !again) {
          throw e;
        }
        again &= !at.equals(file);
      }
    }
  }

  /** Completes a save that a killed process has left, if this process is allowed to. */
  static void tidy(Path folder) {
    try {
      Path real = folder.toRealPath();
      Path above = real.getParent();
      if (SaveRecord.isPending(real) || above != null && SaveRecord.isPending(above)) {
        SaveRecovery.tryFinish(real, FileOps.current());
      }
    } catch (IOException _) {
      // Whoever reads will say what is wrong.
    }
  }

  /** Returns the text that a file will have by the current save of this thread; else null. */
  static @Nullable String pendingText(Path file) {
    if (Save.JOINED.isBound() && Save.JOINED.get().covers(file)) {
      byte[] bytes = Save.JOINED.get().text(file);
      return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }
    return null;
  }

  /** Returns {@code text} as UTF-8 content. */
  public static Content text(String text) {
    return text(text.getBytes(StandardCharsets.UTF_8));
  }

  static Content text(byte[] bytes) {
    return new Text(bytes);
  }

  /** Writes all remaining {@code bytes}. */
  static void writeFully(WritableByteChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }

  private static boolean isInside(Path file) {
    return INSIDE.isBound() && file.toAbsolutePath().normalize().startsWith(INSIDE.get());
  }

  private static void writePlainly(Path file, Content content) throws IOException {
    Files.createDirectories(parent(file));
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      content.writeTo(FileOps.current().through(channel));
    }
  }

  private static Path commonFolder(Iterable<Path> files) {
    @Nullable Path common = null;
    for (Path file : files) {
      Path folder = parent(file).normalize();
      if (common == null || common.startsWith(folder)) {
        common = folder;
      } else if (!folder.startsWith(common)) {
        common = parent(common);
      }
    }
    Path found = common == null ? Path.of("") : common;
    for (Path file : files) {
      Path folder = parent(file).normalize();
      if (!folder.equals(found) && !found.equals(folder.getParent())) {
        throw new IllegalArgumentException(
            "files that are written together must be in one folder or directly below it, found "
                + file
                + " beside "
                + found);
      }
    }
    return found;
  }

  private static Path parent(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    return parent == null ? file.toAbsolutePath() : parent;
  }
}
