package dev.peft4j.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The hashes of contents on the Hub. */
final class Digests {
  private static final int SHA256_DIGITS = 64;
  private static final int PIECE = 1 << 16;

  private Digests() {}

  /**
   * Returns an empty digest of the same kind as {@code hash}: SHA-256, or the SHA-1 of a git blob.
   *
   * @param size the number of bytes that will be added
   */
  static MessageDigest like(String hash, long size) {
    if (hash.length() == SHA256_DIGITS) {
      return digest("SHA-256");
    }
    MessageDigest git = digest("SHA-1");
    git.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
    return git;
  }

  private static MessageDigest digest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has " + algorithm, e);
    }
  }

  static String hex(MessageDigest digest) {
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Adds a whole file. */
  static void add(MessageDigest digest, Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] piece = new byte[PIECE];
      for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
        digest.update(piece, 0, n);
      }
    }
  }

  /** Returns whether the file has that size and that hash. */
  static boolean matches(Path file, long size, String hash) throws IOException {
    if (Files.size(file) != size) {
      return false;
    }
    MessageDigest digest = like(hash, size);
    add(digest, file);
    return hex(digest).equals(hash);
  }
}
