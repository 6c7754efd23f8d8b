package dev.peft4j.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A lock file that has one owner: one in this JVM, and one among all processes. Only the owner
 * releases it, with {@link #close}; the system does so when the process ends in any way.
 *
 * <p>POSIX releases a process's lock on a file when the process closes <em>any</em> channel to that
 * file. So a file that is held here is never opened a second time: further requests are refused by
 * a table of this JVM. The file is known by its identity on the disk, so a link to its folder or
 * another spelling of the path is the same file. In case other code in the process has opened and
 * closed the file, the owner is also written into it, and nobody else can take it while that
 * process is running.
 */
public final class FileHold implements AutoCloseable {
  private static final Set<Object> HELD = new HashSet<>();

  /**
   * Channels that must not be closed, because other code in this process holds a lock on their
   * files.
   */
  private static final List<FileChannel> NEVER_CLOSED = new ArrayList<>();

  private static final Pattern OWNER = Pattern.compile("process ([0-9]{1,18}) ([0-9]{1,18})\n");

  /** The tolerance for the start time of a process as two others compute it. */
  private static final Duration CLOCKS = Duration.ofSeconds(5);

  private static final int ATTEMPTS = 100;

  private final Path file;
  private final Object key;
  private final FileChannel channel;
  private boolean named;
  private boolean closed;

  private FileHold(Path file, Object key, FileChannel channel) {
    this.file = file;
    this.key = key;
    this.channel = channel;
  }

  /**
   * Takes a file, which is created if it is missing and stays when it is released. If it is empty,
   * the owner is written into it.
   *
   * @return null if there is another owner
   * @throws IOException if it cannot be opened or locked
   */
  public static @Nullable FileHold tryTake(Path file) throws IOException {
    FileHold hold = tryTake(file, true);
    boolean done = false;
    try {
      if (hold != null && hold.claim()) {
        done = true;
        return hold;
      }
      return null;
    } finally {
      if (!done && hold != null) {
        hold.release();
      }
    }
  }

  /**
   * Takes a file like {@link #tryTake(Path)}, without writing the owner into it.
   *
   * @param make whether to create it if it is missing; otherwise the result is null then
   */
  static @Nullable FileHold tryTake(Path file, boolean make) throws IOException {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        if (make) {
          makeIfMissing(file);
        }
        Object key = key(file);
        if (!enter(key)) {
          return null;
        }
        FileHold hold = null;
        try {
          hold = lock(file, key);
          // It may have been removed, or made again by another owner, before it was locked.
          if (hold == null || key.equals(key(file))) {
            return hold;
          }
          hold.release();
        } catch (IOException | RuntimeException e) {
          if (hold != null) {
            hold.release();
          }
          throw e;
        } finally {
          if (hold == null) {
            leave(key);
          }
        }
      } catch (NoSuchFileException e) {
        if (!make) {
          return null;
        }
        if (attempt > ATTEMPTS / 2) {
          throw e;
        }
      }
    }
    return null;
  }

  private static void makeIfMissing(Path file) throws IOException {
    try {
      Files.createFile(file);
    } catch (FileAlreadyExistsException _) {
      // It was not opened, so nobody's lock is lost.
    }
  }

  /** Returns a key that identifies the file, independent of the path. */
  private static Object key(Path file) throws IOException {
    Object key = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    return key == null ? file.toRealPath() : key;
  }

  private static boolean enter(Object key) {
    synchronized (HELD) {
      return HELD.add(key);
    }
  }

  private static void leave(Object key) {
    synchronized (HELD) {
      HELD.remove(key);
    }
  }

  private static @Nullable FileHold lock(Path file, Object key) throws IOException {
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
    boolean close = true;
    try {
      FileLock lock = channel.tryLock();
      close = lock == null;
      return lock == null ? null : new FileHold(file, key, channel);
    } catch (OverlappingFileLockException _) {
      // Held by another copy of this class: closing would take its lock away.
      synchronized (NEVER_CLOSED) {
        NEVER_CLOSED.add(channel);
      }
      close = false;
      return null;
    } finally {
      if (close) {
        channel.close();
      }
    }
  }

  /** Writes this process into the file, unless a running one is named there. */
  private boolean claim() throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(64);
    while (bytes.hasRemaining() && channel.read(bytes, bytes.position()) > 0) {
      // A read may return fewer bytes than asked for.
    }
    String text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.US_ASCII);
    Matcher owner = OWNER.matcher(text);
    if (owner.matches() && lives(Long.parseLong(owner.group(1)), Long.parseLong(owner.group(2)))) {
      return false;
    }
    if (!owner.matches() && !text.isEmpty()) {
      return true; // what somebody else keeps in a file of that name stays
    }
    ProcessHandle me = ProcessHandle.current();
    long started = me.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
    channel.truncate(0);
    AtomicFiles.writeFully(
        channel.position(0),
        ByteBuffer.wrap(
            ("process " + me.pid() + " " + started + "\n").getBytes(StandardCharsets.US_ASCII)));
    named = true;
    return true;
  }

  private static boolean lives(long pid, long startedMillis) {
    Optional<Instant> started =
        ProcessHandle.of(pid).filter(ProcessHandle::isAlive).flatMap(p -> p.info().startInstant());
    Instant then = Instant.ofEpochMilli(startedMillis);
    return started.filter(s -> Duration.between(s, then).abs().compareTo(CLOCKS) < 0).isPresent();
  }

  /** Returns the channel to the file: the only one that may be opened to it. */
  FileChannel channel() {
    return channel;
  }

  /** Releases the file; it stays, without the owner's name. A second call does nothing. */
  @Override
  public void close() throws IOException {
    if (!closed) {
      try {
        if (named) {
          channel.truncate(0);
        }
      } finally {
        release();
      }
    }
  }

  /** Releases the file and leaves its content. */
  void release() throws IOException {
    if (!closed) {
      closed = true;
      try {
        channel.close();
      } finally {
        leave(key);
      }
    }
  }

  @Override
  public String toString() {
    return "hold of " + file;
  }
}
