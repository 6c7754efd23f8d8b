package dev.peft4j.hub;

import dev.peft4j.io.FileFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The lookup of models and adapters on this machine: a folder, or a name on the Hugging Face Hub in
 * the Hub's cache. It never downloads anything; {@link HubDownload} does.
 *
 * <pre>{@code
 * Path base = ModelFolders.resolve("google-bert/bert-base-uncased");
 * Path adapter = ModelFolders.resolve("owner/adapter@v2");
 * }</pre>
 */
public final class ModelFolders {
  private ModelFolders() {}

  /**
   * Returns the folder of a model or an adapter.
   *
   * @param folderOrName a folder, or {@code owner/model} or {@code owner/model@revision} on the
   *     Hub; a folder of that name has priority
   * @throws FileFormatException if it is neither; for a name on the Hub the message says how to
   *     download it
   */
  public static Path resolve(String folderOrName) throws IOException {
    return resolve(folderOrName, HubSettings.fromEnvironment());
  }

  /**
   * Returns the folder of a model or an adapter, with other settings than the environment's; see
   * {@link #resolve(String)}.
   */
  public static Path resolve(String folderOrName, HubSettings settings) throws IOException {
    Path found = find(folderOrName, settings);
    if (found != null) {
      return found;
    }
    HubName name = HubName.ifName(folderOrName);
    if (name != null && name.hasOwner() && !isBesideFolders(name)) {
      throw new HubCache(settings.cache()).missing(name, "there is no such folder, and it");
    }
    throw new FileFormatException(
        Path.of(folderOrName),
        "does not exist, expected a folder"
            + (name == null
                ? ""
                : " or a name on the Hugging Face Hub, such as google-bert/bert-base-uncased"));
  }

  /**
   * Returns the folder of a model or an adapter, or null if it is neither a folder nor in the Hub's
   * cache.
   *
   * @param folderOrName a folder, or {@code owner/model} or {@code owner/model@revision} on the
   *     Hub; a folder (or file) of that name has priority
   */
  public static @Nullable Path find(String folderOrName, HubSettings settings) throws IOException {
    Path folder = existing(folderOrName);
    HubName name = folder == null ? HubName.ifName(folderOrName) : null;
    return name == null ? folder : new HubCache(settings.cache()).find(name);
  }

  /** Returns whether a name is more likely the path of a missing folder: its parent exists. */
  private static boolean isBesideFolders(HubName name) {
    return existing(name.id().substring(0, name.id().indexOf('/'))) != null;
  }

  private static @Nullable Path existing(String text) {
    try {
      Path folder = Path.of(text);
      return Files.exists(folder) ? folder : null;
    } catch (InvalidPathException _) {
      return null;
    }
  }

  /**
   * Returns the name of a folder for an adapter's {@code base_model_name_or_path}: the name on the
   * Hub if the folder is in a cache of the Hub, as peft writes it, else the folder's path.
   */
  public static String name(Path folder) {
    String name = HubCache.nameOf(folder);
    return name == null ? folder.toString() : name;
  }
}
