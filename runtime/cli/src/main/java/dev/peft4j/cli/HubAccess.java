package dev.peft4j.cli;

import dev.peft4j.hub.HubSettings;
import dev.peft4j.hub.ModelFolders;
import dev.peft4j.io.FileFormatException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.ITypeConverter;

/** The lookup of names on the Hub for the commands. */
final class HubAccess {
  /** The environment's variables, if they are not the process's. */
  static final ScopedValue<Map<String, String>> ENVIRONMENT = ScopedValue.newInstance();

  private HubAccess() {}

  static HubSettings settings() {
    return HubSettings.of(environment());
  }

  static Map<String, String> environment() {
    return ENVIRONMENT.isBound() ? ENVIRONMENT.get() : System.getenv();
  }

  /**
   * Returns the folder.
   *
   * @throws dev.peft4j.io.FileFormatException if it does not exist; for names on the Hub the
   *     message says how to download them
   */
  static Path require(Path folder) throws IOException {
    return ModelFolders.resolve(folder.toString().replace('\\', '/'), settings());
  }

  /** Checks like {@link #require}; a model in the Hub's cache must also have its weights. */
  static void requireModel(Path folder) throws IOException {
    String name = ModelFolders.name(require(folder));
    if (name.equals(folder.toString())) {
      return; // a plain folder: whoever reads it says what is missing
    }
    try (DirectoryStream<Path> weights = Files.newDirectoryStream(folder, "*.safetensors")) {
      if (!weights.iterator().hasNext()) {
        throw new FileFormatException(
            Path.of(name),
            "is in the Hub's cache without weights in safetensors ("
                + folder
                + "); get them with 'peft4j download "
                + name
                + "'");
      }
    }
  }

  /**
   * The converter of a folder, or of a name on the Hub that is in its cache; anything else is
   * unchanged.
   */
  static final class Folder implements ITypeConverter<Path> {
    @Override
    public Path convert(String text) throws IOException {
      Path found = ModelFolders.find(text, settings());
      return found == null ? Path.of(text) : found;
    }
  }
}
