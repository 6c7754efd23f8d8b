package dev.peft4j.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Folders that are there wholly or not at all: they are filled under another name beside their
 * place, forced to the disk, and renamed. What is being done is in a file {@code .peft4j-...}
 * beside the folder until it is done. By it the next save finds what a killed process has left, and
 * {@link #clean} puts it in order; nothing is ever removed by its name alone.
 */
public final class AtomicFolder {
  /** Puts files into a folder. */
  @FunctionalInterface
  public interface Content {
    /** Fills {@code folder}, which is there and empty. */
    void writeTo(Path folder) throws IOException;
  }

  private AtomicFolder() {}

  /**
   * Writes a folder, or replaces the one that is there with all that is in it.
   *
   * @param target the folder; those above it are made if missing
   * @throws IOException if it cannot be written; what was there before is there still
   */
  public static void write(Path target, Content content) throws IOException {
    Path folder = target.toAbsolutePath().normalize();
    try (Save save = Save.begin(FileOps.current(), parent(folder))) {
      save.addFolder(
          folder,
          temp ->
              ScopedValue.where(AtomicFiles.INSIDE, temp)
                  .call(
                      () -> {
                        content.writeTo(temp);
                        return true;
                      }));
      save.commit();
    } catch (IOException e) {
      throw new IOException(
          "cannot write the folder " + folder + ": " + Quote.reason(e) + "; nothing was replaced",
          e);
    }
  }

  /** Removes a folder with all that is in it; it is gone at once or there as a whole. */
  public static void delete(Path target) throws IOException {
    Path folder = target.toAbsolutePath().normalize();
    try (Save save = Save.begin(FileOps.current(), parent(folder))) {
      save.remove(folder);
    }
  }

  /**
   * Finishes, or removes, what killed processes have left of their saves in {@code parent}. A save
   * that another process is at is left to it.
   */
  public static void clean(Path parent) throws IOException {
    if (Files.isDirectory(parent)) {
      SaveRecovery.recover(parent.toRealPath(), FileOps.current());
    }
  }

  private static Path parent(Path folder) {
    Path parent = folder.getParent();
    return parent == null ? folder : parent;
  }
}
