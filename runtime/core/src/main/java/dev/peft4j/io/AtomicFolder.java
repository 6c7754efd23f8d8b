package dev.peft4j.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Atomic writing of folders: they are filled under another name beside their place, forced to the
 * disk, and renamed. A record {@code .peft4j-...} beside the folder lists the changes until they
 * are done. With it the next save finds what a killed process has left, and {@link #clean}
 * completes or removes it; nothing is removed because of its name alone.
 */
public final class AtomicFolder {
  /** The content of a folder. */
  @FunctionalInterface
  public interface Content {
    /** Fills {@code folder}, which exists and is empty. */
    void writeTo(Path folder) throws IOException;
  }

  private AtomicFolder() {}

  /**
   * Writes a folder, or replaces the existing one with everything in it.
   *
   * @param target the folder; missing parent folders are created
   * @throws IOException if it cannot be written; the old folder is unchanged then
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

  /** Removes a folder with everything in it: it disappears as a whole or not at all. */
  public static void delete(Path target) throws IOException {
    Path folder = target.toAbsolutePath().normalize();
    try (Save save = Save.begin(FileOps.current(), parent(folder))) {
      save.remove(folder);
    }
  }

  /**
   * Completes or removes what killed processes have left of their saves in {@code parent}. Saves of
   * running processes are left alone.
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
