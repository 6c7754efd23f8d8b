package dev.peft4j.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Recovery of saves that were interrupted by the end of their process. */
final class SaveRecovery {
  private static final long PATIENCE_NANOS = 60_000_000_000L;
  private static final long PAUSE_MILLIS = 2;

  private SaveRecovery() {}

  /**
   * Recovers a folder: complete saves are finished, the temporary files of others are removed.
   * Saves of running processes are left alone, or awaited if they are about to finish.
   */
  static void recover(Path root, FileOps ops) throws IOException {
    finish(root, ops);
    discard(root, ops);
    removeLock(root, ops);
  }

  /** Removes an empty lock file that no process holds. */
  private static void removeLock(Path folder, FileOps ops) throws IOException {
    Path file = folder.resolve(SaveRecord.LOCK);
    if (Files.exists(file) && Files.size(file) == 0) {
      FileHold hold = FileHold.tryTake(file, false);
      if (hold != null) {
        try {
          ops.delete(file);
        } finally {
          hold.release();
        }
      }
    }
  }

  /** Finishes saves that involve a folder. */
  static void finish(Path root, FileOps ops) throws IOException {
    while (SaveRecord.isPending(root)) {
      finishOne(root, ops, true);
    }
    Path above = root.getParent();
    while (above != null && isPendingAbove(above, root)) {
      finishOne(above, ops, true);
    }
  }

  /**
   * Finishes saves like {@link #finish}, unless another process does so or the folder cannot be
   * written.
   */
  static void tryFinish(Path root, FileOps ops) {
    try {
      if (SaveRecord.isPending(root)) {
        finishOne(root, ops, false);
      }
      Path above = root.getParent();
      if (above != null && isPendingAbove(above, root)) {
        finishOne(above, ops, false);
      }
    } catch (IOException _) {
      // Readers find the files by the record.
    }
  }

  /** Returns whether a save of the parent folder has files in {@code root}. */
  static boolean isPendingAbove(Path above, Path root) throws IOException {
    if (!SaveRecord.isPending(above)) {
      return false;
    }
    try {
      SaveRecord r = pending(above);
      return r != null && r.entries().stream().anyMatch(e -> root.equals(e.target().getParent()));
    } catch (FileFormatException _) {
      return false; // it is not about this folder
    }
  }

  private static @Nullable SaveRecord pending(Path root) throws IOException {
    SaveRecord committed = SaveRecord.read(root.resolve(SaveRecord.COMMITTED));
    return committed != null ? committed : SaveRecord.read(root.resolve(SaveRecord.UNDO));
  }

  private static void finishOne(Path root, FileOps ops, boolean wait) throws IOException {
    SaveRecord seen = pending(root);
    if (seen == null) {
      return;
    }
    try (Locks locks = Locks.take(seen.folders(), ops, wait)) {
      SaveRecord now = locks == null ? null : pending(root);
      if (now == null || !now.hex().equals(seen.hex())) {
        return;
      }
      if (Files.exists(root.resolve(SaveRecord.COMMITTED))) {
        now.finish(ops);
      } else {
        now.undo(ops);
        Path begun = root.resolve(SaveRecord.begun(now.hex()));
        ops.move(root.resolve(SaveRecord.UNDO), begun);
        now.discard(ops);
        ops.delete(begun);
      }
    }
  }

  /** Removes the temporary files of processes that are gone. */
  private static void discard(Path root, FileOps ops) throws IOException {
    List<Path> begun = new ArrayList<>();
    try (DirectoryStream<Path> records = Files.newDirectoryStream(root, ".peft4j-*.save")) {
      for (Path record : records) {
        if (SaveRecord.isBegun(String.valueOf(record.getFileName()))) {
          begun.add(record);
        }
      }
    }
    for (Path file : begun) {
      FileHold hold = FileHold.tryTake(file, false);
      if (hold != null) {
        try {
          discard(file, hold.channel(), ops);
        } finally {
          hold.release();
        }
      }
    }
  }

  private static void discard(Path file, FileChannel channel, FileOps ops) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(channel.size(), 1 << 20));
    while (bytes.hasRemaining() && channel.read(bytes, bytes.position()) > 0) {
      // A read may return fewer bytes than asked for.
    }
    String text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
    try {
      if (text.indexOf('\n') >= 0) {
        SaveRecord record = SaveRecord.parse(file, text);
        if (!String.valueOf(file.getFileName()).equals(SaveRecord.begun(record.hex()))) {
          return; // the save of another name: not written by this program
        }
        for (Path folder : record.folders()) {
          removeLock(folder, ops);
        }
        record.discard(ops);
      } else if (!text.isEmpty()) {
        return;
      }
      ops.delete(file);
    } catch (FileFormatException _) {
      // Not a record, whatever its name: it stays.
    }
  }

  /** The locks of some folders, held for the moments of a commit. */
  static final class Locks implements AutoCloseable {
    private final List<FileHold> holds = new ArrayList<>();
    private final List<Path> files = new ArrayList<>();
    private final FileOps ops;

    private Locks(FileOps ops) {
      this.ops = ops;
    }

    /**
     * Takes all locks or none: null if another process has one of them and {@code wait} is false.
     */
    static @Nullable Locks take(Collection<Path> folders, FileOps ops, boolean wait)
        throws IOException {
      Locks locks = new Locks(ops);
      boolean done = false;
      try {
        for (Path folder : folders) {
          if (!locks.add(folder.resolve(SaveRecord.LOCK), wait)) {
            return null;
          }
        }
        done = true;
        return locks;
      } finally {
        if (!done) {
          locks.close();
        }
      }
    }

    private boolean add(Path file, boolean wait) throws IOException {
      long start = System.nanoTime();
      FileHold hold = FileHold.tryTake(file, true);
      while (hold == null && wait) {
        if (System.nanoTime() - start > PATIENCE_NANOS) {
          throw new IOException("another process has been saving to this folder for a minute");
        }
        try {
          Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new IOException("interrupted while another save to this folder was finishing", e);
        }
        hold = FileHold.tryTake(file, true);
      }
      if (hold == null) {
        return false;
      }
      holds.add(hold);
      files.add(file);
      return true;
    }

    @Override
    public void close() throws IOException {
      try {
        for (Path file : files) {
          if (Files.size(file) == 0) {
            ops.delete(Objects.requireNonNull(file));
          }
        }
      } catch (IOException _) {
        // An empty file that stays; the next save takes it away.
      } finally {
        for (FileHold hold : holds) {
          hold.release();
        }
      }
    }
  }
}
