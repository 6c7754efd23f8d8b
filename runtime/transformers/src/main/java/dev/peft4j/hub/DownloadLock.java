package dev.peft4j.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A lock that allows one download of a file at a time, among threads and processes. */
final class DownloadLock implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final FileChannel channel;

  private DownloadLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Waits until the lock is free and takes it.
   *
   * @param file the lock file, created if missing; it is not removed
   * @param path the name of the downloaded file in reports
   */
  static DownloadLock take(Path file, String path, HubListener listener, Waits waits)
      throws IOException {
    Path parent = file.toAbsolutePath().getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      boolean told = false;
      while (tryLock(channel) == null) {
        if (!told) {
          told = true;
          listener.on(new HubEvent.Waiting(path + " is already being downloaded, waiting"));
        }
        waits.sleep(PAUSE);
      }
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
    return new DownloadLock(channel);
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock(Long.MAX_VALUE - 1, 1, false); // a byte that no content has
    } catch (OverlappingFileLockException _) {
      return null; // another thread
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
