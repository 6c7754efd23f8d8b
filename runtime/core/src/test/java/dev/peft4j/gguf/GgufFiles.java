package dev.peft4j.gguf;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** Files of the test resources, which Python programs wrote. */
final class GgufFiles {
  private GgufFiles() {}

  static Path resource(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(GgufFiles.class.getResource("/gguf/" + name), name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Forged files by name, and the text that says what is wrong with each. */
  static Map<String, byte[]> malformed() throws IOException {
    Map<String, byte[]> out = new LinkedHashMap<>();
    try (ZipInputStream in = new ZipInputStream(Files.newInputStream(resource("malformed.zip")))) {
      for (ZipEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
        out.put(e.getName(), in.readAllBytes());
      }
    }
    return out;
  }
}
