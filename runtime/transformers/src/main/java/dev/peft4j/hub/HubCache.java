package dev.peft4j.hub;

import dev.peft4j.io.AtomicFiles;
import dev.peft4j.io.FileFormatException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The Hub's cache on this machine, in the layout of {@code huggingface_hub}: {@code
 * models--OWNER--MODEL} with {@code blobs} (the contents, by hash), {@code refs} (the commits of
 * branches and tags) and {@code snapshots} (a folder for each commit, of links to the contents).
 * This class downloads nothing.
 */
public final class HubCache {
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{7,64}");
  private static final String SNAPSHOTS = "snapshots";
  private static final String PARTIAL = ".incomplete";
  private static final String PREFIX = "models--";

  private final Path root;

  /** Creates the cache of a folder, which need not exist. */
  public HubCache(Path root) {
    this.root = root;
  }

  /** Returns the cache that the environment names; see {@link HubSettings}. */
  public static HubCache fromEnvironment() {
    return new HubCache(HubSettings.fromEnvironment().cache());
  }

  /** Returns the folder of the cache. */
  public Path root() {
    return root;
  }

  /** Returns the folder with a model's files, or null if it is not in the cache. */
  public @Nullable Path find(HubName name) throws IOException {
    String commit = commit(name);
    if (commit == null) {
      return null;
    }
    Path folder = snapshot(name, commit);
    return Files.isDirectory(folder) && hasFiles(folder) ? folder : null;
  }

  /**
   * Returns the folder with a model's files.
   *
   * @throws FileFormatException if it is not in the cache; the message says how to download it
   */
  public Path folder(HubName name) throws IOException {
    Path folder = find(name);
    if (folder != null) {
      return folder;
    }
    throw missing(name, "");
  }

  /** Returns the exception that says how to download a missing model. */
  FileFormatException missing(HubName name, String before) throws IOException {
    return new FileFormatException(
        Path.of(name.toString()),
        (before.isEmpty() ? "" : before + " ")
            + "is not in the Hub's cache "
            + root
            + (isBegun(name) ? " (a download was started)" : "")
            + "; get it with '"
            + command(name)
            + "'");
  }

  /** Returns the command that downloads a model. */
  static String command(HubName name) {
    return "peft4j download "
        + name.id()
        + (name.revision().equals(HubName.MAIN) ? "" : " --revision " + name.revision());
  }

  /** Returns the commit of a revision in this cache; null if it is unknown. */
  @Nullable String commit(HubName name) throws IOException {
    Path ref = ref(name);
    try {
      String commit = Files.readString(ref).strip();
      if (COMMIT.matcher(commit).matches()) {
        return commit;
      }
      throw new FileFormatException(ref, "is not a commit, expected hexadecimal digits");
    } catch (NoSuchFileException _) {
      return COMMIT.matcher(name.revision()).matches() ? name.revision() : null;
    }
  }

  private boolean isBegun(HubName name) throws IOException {
    Path blobs = model(name).resolve("blobs");
    if (!Files.isDirectory(blobs)) {
      return false;
    }
    try (DirectoryStream<Path> partial = Files.newDirectoryStream(blobs, "*" + PARTIAL)) {
      return partial.iterator().hasNext();
    }
  }

  /** Returns whether the folder has readable files; links to removed contents do not count. */
  private static boolean hasFiles(Path folder) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        if (Files.exists(file)) {
          return true;
        }
      }
      return false;
    }
  }

  private Path model(HubName name) {
    return root.resolve(name.folder());
  }

  private Path ref(HubName name) {
    return model(name).resolve("refs").resolve(name.revision());
  }

  /** Returns the folder of a commit. */
  Path snapshot(HubName name, String commit) {
    return model(name).resolve(SNAPSHOTS).resolve(commit);
  }

  Path blob(HubName name, String etag) {
    return model(name).resolve("blobs").resolve(etag);
  }

  Path partial(HubName name, String etag) {
    return model(name).resolve("blobs").resolve(etag + PARTIAL);
  }

  Path lock(HubName name, String etag) {
    return root.resolve(".locks").resolve(name.folder()).resolve(etag + ".lock");
  }

  /** Sets the commit of a branch or tag, when all of its files are available. */
  void setCommit(HubName name, String commit) throws IOException {
    Path ref = ref(name);
    if (!name.revision().equals(commit)
        && !(Files.exists(ref) && Files.readString(ref).equals(commit))) {
      AtomicFiles.write(ref, commit);
    }
  }

  /** Returns the name of the model to which a folder of a cache belongs, or null. */
  static @Nullable String nameOf(Path folder) {
    Path at = folder.toAbsolutePath().normalize();
    Path snapshots = at.getParent();
    Path model = snapshots == null ? null : snapshots.getParent();
    if (snapshots == null
        || model == null
        || !String.valueOf(snapshots.getFileName()).equals(SNAPSHOTS)
        || !COMMIT.matcher(String.valueOf(at.getFileName())).matches()) {
      return null;
    }
    String name = String.valueOf(model.getFileName());
    return name.startsWith(PREFIX) ? name.substring(PREFIX.length()).replace("--", "/") : null;
  }
}
