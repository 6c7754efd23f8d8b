package dev.peft4j.cli;

import dev.peft4j.hub.HubSettings;
import dev.peft4j.hub.ModelFolders;
import java.io.IOException;
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

  /** A folder, or a name on the Hub of what is in its cache; anything else stays as it is. */
  static final class Folder implements ITypeConverter<Path> {
    @Override
    public Path convert(String text) throws IOException {
      Path found = ModelFolders.find(text, settings());
      return found == null ? Path.of(text) : found;
    }
  }
}
