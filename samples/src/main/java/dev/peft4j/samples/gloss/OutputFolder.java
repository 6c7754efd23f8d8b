package dev.peft4j.samples.gloss;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The folder of results, which may contain a saved adapter. */
final class OutputFolder {
  private static final String CONFIG = "adapter_config.json";

  private OutputFolder() {}

  /** Creates the folder and tries to write there: before the training, not after it. */
  static void prepare(Path out) throws IOException {
    try {
      Files.createDirectories(out);
      Files.delete(Files.createTempFile(out, "gloss", ".tmp"));
    } catch (IOException e) {
      throw new IOException(
          "cannot write to the folder " + out.toAbsolutePath() + ": " + reason(e), e);
    }
  }

  private static String reason(IOException e) {
    String kind = e.getClass().getSimpleName();
    return e.getMessage() == null ? kind : kind + " " + e.getMessage();
  }

  /** Returns the adapter's folder. */
  static Path adapter(Path out) {
    return out.resolve("adapter");
  }

  /** Returns the adapter's folder, which may be {@code out} itself; an error if there is none. */
  static Path requireAdapter(Path out) throws IOException {
    for (Path folder : new Path[] {adapter(out), out}) {
      if (Files.exists(folder.resolve(CONFIG))) {
        return folder;
      }
    }
    throw new IOException(
        "no adapter in "
            + adapter(out).toAbsolutePath()
            + "; train one with: ./mvnw -q -Pgloss verify, or say where it is with -Dout=FOLDER");
  }
}
