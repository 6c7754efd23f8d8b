package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * A tokenizer of each kind, small ones that transformers 5.18 made, with what it gives for texts.
 */
public final class Kinds {
  static final JsonMapper JSON = new JsonMapper();

  private Kinds() {}

  /** The folders of all kinds, below {@code target}. */
  public static List<Path> unpack(Path target) throws IOException {
    try (InputStream in =
            Objects.requireNonNull(Kinds.class.getResourceAsStream("tokenizers.zip"));
        ZipInputStream zip = new ZipInputStream(in)) {
      for (ZipEntry e = zip.getNextEntry(); e != null; e = zip.getNextEntry()) {
        Path file = target.resolve(e.getName());
        Files.createDirectories(file.getParent());
        Files.copy(zip, file);
      }
    }
    try (Stream<Path> folders = Files.list(target)) {
      return folders.sorted().toList();
    }
  }

  static long[] longs(JsonNode list) {
    long[] out = new long[list.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = list.get(i).asLong();
    }
    return out;
  }
}
