package dev.peft4j.io;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * A folder with an adapter in peft's layout: {@code adapter_config.json}, {@code
 * adapter_model.safetensors} and a model card {@code README.md}. The adapter called {@code default}
 * is in the folder itself, any other one in a subfolder of its name; the card is always in the
 * folder itself.
 */
public final class AdapterFolder {
  /**
   * Attempts to read a folder: enough even if another process saves again and again on a busy
   * machine.
   */
  private static final int ATTEMPTS = 200;

  private AdapterFolder() {}

  /**
   * Returns the folder of an adapter.
   *
   * @throws IllegalArgumentException if the name is empty or not a plain folder name
   */
  public static Path locate(Path folder, String adapterName) {
    if (adapterName.equals(PeftFormat.DEFAULT_ADAPTER)) {
      return folder;
    }
    boolean plain =
        !adapterName.isBlank()
            && !adapterName.equals(".")
            && !adapterName.equals("..")
            && adapterName.chars().noneMatch(c -> c == '/' || c == '\\' || c < ' ');
    if (!plain) {
      throw new IllegalArgumentException(
          "an adapter is saved in a folder of its name: "
              + Quote.text(adapterName)
              + " is not such a name; use one without slashes");
    }
    return folder.resolve(adapterName);
  }

  /**
   * Reads the adapter that was saved under a name.
   *
   * @see #read(Path)
   */
  public static Adapter read(Path folder, String adapterName) throws IOException {
    return read(locate(folder, adapterName));
  }

  /**
   * Reads the adapter in exactly this folder. If another process saves into the folder meanwhile,
   * it is read again, so that settings and weights belong together.
   *
   * @throws FileFormatException if the folder does not exist, or a file is missing or not valid
   */
  public static Adapter read(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      throw new FileFormatException(
          folder, "does not exist, expected a folder with an adapter" + beside(folder));
    }
    if (!Files.isDirectory(folder)) {
      throw new FileFormatException(folder, "is a file, expected a folder with an adapter");
    }
    AtomicFiles.tidy(folder);
    for (int attempt = 1; ; attempt++) {
      List<Object> before = stamps(folder);
      try {
        AdapterConfig config = AdapterConfig.read(configFile(folder));
        SafeTensors weights = SafeTensors.open(weightsFile(folder));
        if (before.equals(stamps(folder))) {
          SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
          for (TensorInfo info : weights.tensors().values()) {
            // Adapters are small and get trained: memory of their own, not the file's.
            tensors.put(
                info.name(), new StoredTensor(info.shape(), weights.storage(info.name()).copy()));
          }
          return new Adapter(folder, config, tensors);
        }
      } catch (FileFormatException e) {
        if (before.equals(stamps(folder))) {
          throw e;
        }
      }
      if (attempt == ATTEMPTS) {
        throw new FileFormatException(folder, "its files keep being replaced while they are read");
      }
    }
  }

  /**
   * Saves an adapter as peft does. All files replace the old ones together, also if the process is
   * killed meanwhile; see {@link AtomicFiles}. On any failure the folder is unchanged.
   *
   * @param folder the folder, created if missing
   * @param adapterName {@code default}, or the name of the subfolder
   * @param config the settings, written as they are
   * @param tensors the weights by their names in the file
   * @param card the model card, or null for none. An existing card keeps its text
   * @throws IllegalArgumentException if the adapter's name is not a folder name
   * @throws IOException if the files cannot be written, with the folder and the reason
   */
  public static void write(
      Path folder,
      String adapterName,
      AdapterConfig config,
      Map<String, StoredTensor> tensors,
      @Nullable ModelCard card)
      throws IOException {
    AtomicFiles.writeAll(files(folder, adapterName, config, tensors, card));
  }

  /** Returns the files of an adapter in the order in which they are to appear. */
  static SequencedMap<Path, AtomicFiles.Content> files(
      Path folder,
      String adapterName,
      AdapterConfig config,
      Map<String, StoredTensor> tensors,
      @Nullable ModelCard card)
      throws IOException {
    Path target = locate(folder, adapterName);
    if (Files.exists(target) && !Files.isDirectory(target)) {
      throw new FileFormatException(target, "is a file, expected a folder to save the adapter in");
    }
    SequencedMap<Path, AtomicFiles.Content> files = new LinkedHashMap<>();
    if (card != null) {
      Path file = folder.resolve(PeftFormat.CARD_FILE);
      files.put(file, AtomicFiles.text(card.update(file)));
    }
    files.put(
        target.resolve(PeftFormat.WEIGHTS_FILE),
        new SafeTensorsWriter(tensors, Map.of("format", "pt")));
    files.put(target.resolve(PeftFormat.CONFIG_FILE), AtomicFiles.text(config.toJson()));
    return files;
  }

  private static Path configFile(Path folder) throws IOException {
    Path file = folder.resolve(PeftFormat.CONFIG_FILE);
    if (!Files.exists(AtomicFiles.current(file))) {
      List<String> below = below(folder);
      throw new FileFormatException(
          folder,
          "has no adapter_config.json, so it is not the folder of an adapter"
              + (below.isEmpty()
                  ? WeightsFile.isThere(folder) ? "; it has the weights of a whole model" : ""
                  : "; did you mean " + Quote.list(below, 5) + " in it?"));
    }
    return file;
  }

  /** Returns the adapters beside a folder that does not exist, as the end of a sentence. */
  private static String beside(Path folder) {
    Path above = folder.toAbsolutePath().getParent();
    if (above == null || !Files.isDirectory(above)) {
      return "";
    }
    List<String> there;
    try {
      there = below(above);
    } catch (IOException e) {
      return ""; // that folder is not for us to read
    }
    if (Files.exists(above.resolve(PeftFormat.CONFIG_FILE))) {
      there.addFirst(PeftFormat.DEFAULT_ADAPTER);
    }
    return there.isEmpty()
        ? ""
        : "; in " + above + " there " + (there.size() == 1 ? "is " : "are ") + Quote.list(there, 5);
  }

  private static List<String> below(Path folder) throws IOException {
    List<String> below = new ArrayList<>();
    try (DirectoryStream<Path> children = Files.newDirectoryStream(folder)) {
      for (Path child : children) {
        if (Files.exists(child.resolve(PeftFormat.CONFIG_FILE))) {
          below.add(String.valueOf(child.getFileName()));
        }
      }
    }
    below.sort(null);
    return below;
  }

  private static Path weightsFile(Path folder) throws IOException {
    Path file = folder.resolve(PeftFormat.WEIGHTS_FILE);
    if (!Files.exists(AtomicFiles.current(file))) {
      Path pickle = folder.resolve("adapter_model.bin");
      throw new FileFormatException(
          folder,
          Files.exists(pickle)
              ? "has its weights in adapter_model.bin, a pickle of torch that is not read here;"
                  + " convert it: load the adapter with peft and save it again with"
                  + " safe_serialization=True"
              : "has an adapter_config.json but no weights: adapter_model.safetensors is missing");
    }
    return file;
  }

  /** Returns facts that change when a file is replaced. */
  private static List<Object> stamps(Path folder) throws IOException {
    List<Object> out = new ArrayList<>();
    for (String name : List.of(PeftFormat.CONFIG_FILE, PeftFormat.WEIGHTS_FILE)) {
      Path file = AtomicFiles.current(folder.resolve(name));
      out.add(file);
      try {
        BasicFileAttributes a = Files.readAttributes(file, BasicFileAttributes.class);
        out.add(a.fileKey() == null ? "" : a.fileKey());
        out.add(a.lastModifiedTime());
        out.add(a.size());
      } catch (NoSuchFileException _) {
        out.add("");
      }
    }
    return out;
  }
}
