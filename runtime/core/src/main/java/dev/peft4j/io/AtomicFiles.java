package dev.peft4j.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Writes files so that a reader, or a crash, never meets a half-written one: the content goes to a
 * temporary file in the same folder, is forced to the disk, and takes the place of the old file by
 * one atomic rename. If anything fails, the old files are as they were, temporary files and newly
 * made folders are gone, and the exception names the folder and the reason.
 *
 * <p>Several files are all written before the first one is renamed; a failing rename puts back
 * those before it. Only a crash of the machine between two renames can leave a new file beside an
 * old one, so the one that readers look at first belongs last.
 *
 * <p>A process that is killed may leave a file {@code .NAME.HEX.tmp} behind; nothing ever reads it.
 */
public final class AtomicFiles {
  /** What a file is to hold. */
  @FunctionalInterface
  public interface Content {
    /** Writes everything to {@code out}; called once. */
    void writeTo(WritableByteChannel out) throws IOException;
  }

  private static final AtomicFiles PLAIN = new AtomicFiles(UnaryOperator.identity());

  private final UnaryOperator<WritableByteChannel> through;

  /** Files written through {@code through}: how tests make a disk full. */
  AtomicFiles(UnaryOperator<WritableByteChannel> through) {
    this.through = through;
  }

  /**
   * Writes or replaces one file; missing folders above it are made.
   *
   * @throws IOException if it cannot be written; nothing has changed then
   */
  public static void write(Path file, Content content) throws IOException {
    PLAIN.replace(new LinkedHashMap<>(Map.of(file, content)));
  }

  /** Writes or replaces one file that holds {@code text} as UTF-8. */
  public static void write(Path file, String text) throws IOException {
    write(file, text(text));
  }

  /**
   * Writes or replaces several files together: all are complete on the disk before the first takes
   * its place, in the map's order.
   *
   * @throws IOException if one cannot be written; nothing has changed then
   */
  public static void writeAll(SequencedMap<Path, Content> files) throws IOException {
    PLAIN.replace(files);
  }

  /** {@code text} as UTF-8. */
  public static Content text(String text) {
    return out -> writeFully(out, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  /** Writes all that remains in {@code bytes}. */
  static void writeFully(WritableByteChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }

  /** The work of {@link #writeAll}. */
  void replace(SequencedMap<Path, Content> files) throws IOException {
    Replacement r = new Replacement();
    boolean done = false;
    try {
      for (Map.Entry<Path, Content> e : files.entrySet()) {
        r.prepare(e.getKey(), e.getValue());
      }
      r.commit();
      done = true;
    } catch (IOException e) {
      throw new IOException(
          "cannot write "
              + r.current.getFileName()
              + " in folder "
              + parent(r.current)
              + ": "
              + Quote.reason(e)
              + "; what was there before is unchanged",
          e);
    } finally {
      r.clean(!done);
    }
  }

  private static Path parent(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    return parent == null ? file.toAbsolutePath() : parent;
  }

  /** A file on its way: its temporary twin, and a second name of the old one for the way back. */
  private static final class Pending {
    final Path target;
    final Path temp;
    final Path old;
    boolean renamed;

    Pending(Path target) {
      String name =
          "."
              + target.getFileName()
              + "."
              + Long.toHexString(ThreadLocalRandom.current().nextLong());
      this.target = target;
      this.temp = parent(target).resolve(name + ".tmp");
      this.old = parent(target).resolve(name + ".old");
    }
  }

  /** One call of {@link #replace}. */
  private final class Replacement {
    private final List<Pending> pending = new ArrayList<>();
    private final Deque<Path> madeFolders = new ArrayDeque<>();
    private Path current = Path.of("");

    void prepare(Path target, Content content) throws IOException {
      current = target;
      makeFolders(parent(target));
      Pending p = new Pending(target);
      try (FileChannel channel =
          FileChannel.open(p.temp, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        pending.add(p);
        content.writeTo(through.apply(channel));
        channel.force(true);
      }
    }

    void commit() throws IOException {
      SequencedSet<Path> folders = new LinkedHashSet<>();
      if (pending.size() > 1) {
        for (Pending p : pending) {
          current = p.target;
          keepOld(p);
        }
      }
      for (Pending p : pending) {
        current = p.target;
        try {
          Files.move(p.temp, p.target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
          putBack(e);
          throw e;
        }
        p.renamed = true;
        folders.add(parent(p.target));
      }
      madeFolders.forEach(f -> folders.add(parent(f)));
      folders.forEach(AtomicFiles::forceFolder);
    }

    /** A second name for the old file, or a copy where the file system knows no links. */
    private void keepOld(Pending p) throws IOException {
      if (Files.isDirectory(p.target, LinkOption.NOFOLLOW_LINKS)) {
        throw new FileSystemException(p.target.toString(), null, "a folder of that name is there");
      }
      if (Files.exists(p.target, LinkOption.NOFOLLOW_LINKS)) {
        try {
          Files.createLink(p.old, p.target);
        } catch (IOException | UnsupportedOperationException e) {
          Files.copy(
              p.target, p.old, StandardCopyOption.COPY_ATTRIBUTES, LinkOption.NOFOLLOW_LINKS);
        }
      }
    }

    private void putBack(IOException why) {
      for (Pending p : pending.reversed()) {
        if (p.renamed) {
          try {
            if (Files.exists(p.old, LinkOption.NOFOLLOW_LINKS)) {
              Files.move(p.old, p.target, StandardCopyOption.ATOMIC_MOVE);
            } else {
              Files.delete(p.target);
            }
          } catch (IOException e) {
            why.addSuppressed(e);
          }
        }
      }
    }

    /** Removes what must not stay; what cannot be removed does not hide the failure before it. */
    void clean(boolean failed) {
      for (Pending p : pending) {
        delete(p.temp);
        delete(p.old);
      }
      if (failed) {
        madeFolders.forEach(this::delete);
      }
    }

    private void delete(Path file) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException _) {
        // A folder that somebody else has put a file into stays, and so does what is not ours.
      }
    }

    /** Makes the missing folders and remembers them, innermost first. */
    private void makeFolders(Path folder) throws IOException {
      Deque<Path> missing = new ArrayDeque<>();
      for (@Nullable Path f = folder;
          f != null && !Files.exists(f, LinkOption.NOFOLLOW_LINKS);
          f = f.getParent()) {
        missing.push(f);
      }
      for (Path f : missing) {
        if (!Files.isDirectory(f)) {
          Files.createDirectory(f);
          madeFolders.push(f);
        }
      }
    }
  }

  /** Makes renames in a folder last; systems that do not open folders do so by themselves. */
  static void forceFolder(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException _) {
      // Windows refuses to open a folder; the renamed file itself has been forced already.
    }
  }
}
