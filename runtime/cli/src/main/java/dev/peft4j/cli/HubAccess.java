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

/** Where the commands look for what has a name on the Hub. */
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
   * @throws dev.peft4j.io.FileFormatException if it is not there; it says how to get what has a
   *     name on the Hub
   */
  static Path require(Path folder) throws IOException {
    return ModelFolders.resolve(folder.toString().replace('\\', '/'), settings());
  }

  /** As {@link #require}; a model in the Hub's cache also needs its weights there. */
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

  /** A folder, or a name on the Hub of what is in its cache; anything else stays as it is. */
  static final class Folder implements ITypeConverter<Path> {
    @Override
    public Path convert(String text) throws IOException {
      Path found = ModelFolders.find(text, settings());
      return found == null ? Path.of(text) : found;
    }
  }
}
