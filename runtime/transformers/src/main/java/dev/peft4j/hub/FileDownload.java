package dev.peft4j.hub;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The download of one file: existing bytes are kept, the rest is requested, and size and hash are
 * checked before the file gets its name.
 */
final class FileDownload {
  private static final int PIECE = 1 << 16;
  private static final int MAX_BREAKS = 100;
  private static final Pattern RANGE = Pattern.compile("bytes ([0-9]{1,18})-[0-9]+/([0-9*]+)");

  private final HubClient client;
  private final HubListener listener;
  private final Wanted wanted;

  /**
   * A file to download.
   *
   * @param uri its address
   * @param subject the start of messages
   * @param path its name in reports
   * @param size its number of bytes
   * @param hash SHA-256, or the SHA-1 of the git blob
   */
  record Wanted(URI uri, String subject, String path, long size, String hash) {}

  FileDownload(HubClient client, HubListener listener, Wanted wanted) {
    this.client = client;
    this.listener = listener;
    this.wanted = wanted;
  }

  /**
   * Downloads the rest of the file to {@code partial} and checks it. If it fails, the bytes
   * received are kept for the next attempt, unless they are wrong.
   */
  void into(Path partial) throws IOException {
    Files.createDirectories(parent(partial));
    boolean fresh = !Files.exists(partial) || Files.size(partial) == 0;
    int failures = 0;
    for (int breaks = 1; ; breaks++) {
      long before = Files.exists(partial) ? Files.size(partial) : 0;
      BrokenOff broken;
      try {
        Result result = fetch(partial);
        if (result == Result.WHOLE) {
          return;
        }
        if (result == Result.WRONG && fresh) {
          throw new HubException(
              wanted.subject(),
              "the contents received are not those of the Hub: the hash of "
                  + wanted.path()
                  + " is wrong though its size is right; it has been removed, try again");
        }
        fresh = true; // what was there before belonged to something else
        if (breaks > MAX_BREAKS) {
          throw new HubException(
              wanted.subject(), "the server never sends the rest of " + wanted.path());
        }
        continue;
      } catch (BrokenOff e) {
        broken = e;
      }
      long now = Files.exists(partial) ? Files.size(partial) : 0;
      failures = now > before ? 1 : failures + 1;
      String how = "was interrupted after " + now + " of " + wanted.size() + " bytes: ";
      if (failures >= HubClient.ATTEMPTS || breaks > MAX_BREAKS) {
        throw new HubException(
            wanted.subject(),
            "the download of "
                + wanted.path()
                + " "
                + how
                + broken.getMessage()
                + "; the bytes received are kept, try again to continue",
            broken);
      }
      client.pause(
          wanted.path() + " " + how + broken.getMessage() + "; continuing", client.delay(failures));
    }
  }

  /** A connection that ended before the file did. */
  private static final class BrokenOff extends IOException {
    private static final long serialVersionUID = 1L;

    BrokenOff(String message, Throwable cause) {
      super(message, cause);
    }
  }

  private enum Result {
    /** The file is complete and correct. */
    WHOLE,
    /** The file had another hash, and was removed. */
    WRONG,
    /** The existing bytes could not be used and were removed. */
    AGAIN
  }

  /** Requests the missing bytes. */
  private Result fetch(Path partial) throws IOException {
    long there = Files.exists(partial) ? Files.size(partial) : 0;
    if (there > wanted.size()) {
      Files.delete(partial);
      there = 0;
    }
    MessageDigest digest = Digests.like(wanted.hash(), wanted.size());
    if (there > 0) {
      Digests.add(digest, partial);
    }
    listener.on(new HubEvent.Progress(wanted.path(), there, wanted.size()));
    if (there < wanted.size()) {
      HttpResponse<InputStream> response =
          client.send(new HubClient.Ask("GET", wanted.uri(), wanted.subject(), there));
      try (InputStream body = Stalls.watched(response.body(), client.timeout())) {
        if (there > 0 && (response.statusCode() == 416 || !startsAt(response, there))) {
          Files.delete(partial);
          there = 0;
          digest = Digests.like(wanted.hash(), wanted.size());
          if (response.statusCode() != 200) {
            return Result.AGAIN;
          }
        }
        if (response.statusCode() == 416) {
          throw new HubException(wanted.subject(), "the server refuses to send it (416)");
        }
        receive(body, partial, there, digest);
      }
    } else if (wanted.size() == 0 && !Files.exists(partial)) {
      Files.createFile(partial);
    }
    if (Digests.hex(digest).equals(wanted.hash())) {
      return Result.WHOLE;
    }
    Files.deleteIfExists(partial);
    return Result.WRONG;
  }

  private boolean startsAt(HttpResponse<InputStream> response, long from) {
    if (response.statusCode() != 206) {
      return false;
    }
    Matcher range = RANGE.matcher(response.headers().firstValue("Content-Range").orElse(""));
    return range.matches()
        && Long.parseLong(range.group(1)) == from
        && (range.group(2).equals("*") || range.group(2).equals(Long.toString(wanted.size())));
  }

  private void receive(InputStream body, Path partial, long from, MessageDigest digest)
      throws IOException {
    byte[] piece = new byte[PIECE];
    long at = from;
    try (FileChannel file =
        FileChannel.open(partial, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      file.truncate(from);
      file.position(from);
      while (at < wanted.size()) {
        int n;
        try {
          n = body.read(piece, 0, (int) Math.min(piece.length, wanted.size() - at));
        } catch (IOException e) {
          throw new BrokenOff(Answers.text(e), e);
        }
        if (n < 0) {
          throw new BrokenOff("the server sent no more", new IOException("end of the body"));
        }
        if (Thread.currentThread().isInterrupted()) {
          throw new InterruptedIOException(wanted.subject() + ": the download was interrupted");
        }
        digest.update(piece, 0, n);
        write(file, ByteBuffer.wrap(piece, 0, n), at);
        at += n;
        listener.on(new HubEvent.Progress(wanted.path(), at, wanted.size()));
      }
      file.force(true);
    }
  }

  private void write(FileChannel file, ByteBuffer bytes, long at) throws IOException {
    try {
      while (bytes.hasRemaining()) {
        file.write(bytes);
      }
    } catch (ClosedByInterruptException _) {
      throw new InterruptedIOException(wanted.subject() + ": the download was interrupted");
    } catch (IOException e) {
      String why = Answers.text(e);
      boolean full = why.contains("No space left") || why.contains("not enough space");
      throw new HubException(
          wanted.subject(),
          "cannot write "
              + wanted.path()
              + " after "
              + at
              + " of "
              + wanted.size()
              + " bytes: "
              + (full ? "the disk is full" : why)
              + "; the bytes received are kept, try again to continue",
          e);
    }
  }

  private static Path parent(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    return parent == null ? file.toAbsolutePath() : parent;
  }
}
