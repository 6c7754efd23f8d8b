package dev.peft4j.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * A download of one file whose size and SHA-256 are known in advance, from any address. It is
 * resumed if it was interrupted, and the file is checked before it gets its name. No token is sent.
 */
public final class VerifiedDownload {
  private final URI uri;
  private final long size;
  private final String sha256;
  private HubListener listener = event -> {};
  private Waits waits = new Waits();

  private VerifiedDownload(URI uri, long size, String sha256) {
    this.uri = uri;
    this.size = size;
    this.sha256 = sha256;
  }

  /**
   * Returns a download that is not started yet.
   *
   * @param uri the address of the file
   * @param size its number of bytes
   * @param sha256 64 hexadecimal digits
   * @throws IllegalArgumentException if the hash is not valid, or the address is neither http nor
   *     https
   */
  public static VerifiedDownload of(URI uri, long size, String sha256) {
    if (!sha256.matches("[0-9a-f]{64}")) {
      throw new IllegalArgumentException(
          "VerifiedDownload: " + sha256 + " is not a SHA-256, expected 64 hexadecimal digits");
    }
    String scheme = String.valueOf(uri.getScheme());
    if (uri.getHost() == null || !scheme.matches("(?i)https?")) {
      throw new IllegalArgumentException(
          "VerifiedDownload: " + uri + " is not an http or https address");
    }
    return new VerifiedDownload(uri, size, sha256);
  }

  /** Reports the progress to {@code l}. */
  public VerifiedDownload listener(HubListener l) {
    listener = l;
    return this;
  }

  VerifiedDownload waits(Waits w) {
    waits = w;
    return this;
  }

  /**
   * Downloads the file, unless it exists already.
   *
   * @param file the target; the bytes received so far are beside it, with {@code .incomplete}
   * @throws HubException if the server has no such file, cannot be reached, or sends other contents
   * @throws IOException if it cannot be written
   */
  public void to(Path file) throws IOException {
    String name = String.valueOf(file.getFileName());
    if (Files.isRegularFile(file) && Digests.matches(file, size, sha256)) {
      return;
    }
    Path partial = file.resolveSibling(name + ".incomplete");
    HubSettings settings = HubSettings.of(System.getenv()).withToken(null);
    HubListener l = listener;
    try (HubClient client = new HubClient(settings, l, waits);
        DownloadLock _ = DownloadLock.take(partial, name, l, waits)) {
      new FileDownload(client, l, new FileDownload.Wanted(uri, uri.toString(), name, size, sha256))
          .into(partial);
      Files.move(
          partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
  }
}
