package dev.peft4j.hub;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A response body that is closed when no data has arrived for too long. */
final class Stalls extends FilterInputStream {
  private final long nanos;
  private final Thread watcher;
  private volatile long last = System.nanoTime();
  private volatile boolean stalled;
  private volatile boolean closed;

  private Stalls(InputStream body, Duration most) {
    super(body);
    this.nanos = most.toNanos();
    this.watcher = Thread.ofVirtual().name("download-watcher").unstarted(this::watch);
  }

  static Stalls watched(InputStream body, Duration most) {
    Stalls stream = new Stalls(body, most);
    stream.watcher.start();
    return stream;
  }

  private void watch() {
    try {
      while (!closed) {
        Thread.sleep(Duration.ofNanos(Math.max(1_000_000, Math.min(nanos / 4, 1_000_000_000))));
        if (!closed && System.nanoTime() - last > nanos) {
          stalled = true;
          in.close();
          return;
        }
      }
    } catch (InterruptedException _) {
      // closed
    } catch (IOException _) {
      // whoever reads is told
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] to, int from, int length) throws IOException {
    int n;
    try {
      n = in.read(to, from, length);
    } catch (IOException e) {
      throw stalled ? stall(e) : e;
    }
    if (stalled) {
      throw stall(null);
    }
    last = System.nanoTime();
    return n;
  }

  private IOException stall(@Nullable IOException e) {
    return new IOException("nothing came for " + nanos / 1_000_000_000 + " s", e);
  }

  @Override
  public void close() throws IOException {
    closed = true;
    watcher.interrupt();
    super.close();
  }
}
