package dev.peft4j.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Folders that are there wholly or not at all: they are filled under another name beside their
 * place, forced to the disk, and renamed. A process that is killed leaves nothing behind but hidden
 * folders {@code .NAME.HEX.tmp}, {@code .old} and {@code .del}, which {@link #clean} puts in order.
 */
public final class AtomicFolder {
  private static final Pattern LEFT_BEHIND =
      Pattern.compile("\\.(.+)\\.[0-9a-f]{1,16}\\.(tmp|old|del)");

  /** Puts files into a folder. */
  @FunctionalInterface
  public interface Content {
    /** Fills {@code folder}, which is there and empty. */
    void writeTo(Path folder) throws IOException;
  }

  private AtomicFolder() {}

  /**
   * Writes a folder, or replaces the one that is there.
   *
   * @param target the folder; those above it are made if missing
   * @throws IOException if it cannot be written; what was there before is there still
   */
  public static void write(Path target, Content content) throws IOException {
    Path folder = target.toAbsolutePath();
    Path parent = parent(folder);
    Files.createDirectories(parent);
    Path temp = beside(folder, "tmp");
    Path old = beside(folder, "old");
    try {
      Files.createDirectory(temp);
      content.writeTo(temp);
      forceAll(temp);
      if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
        move(folder, old);
      }
      try {
        move(temp, folder);
      } catch (IOException e) {
        if (Files.exists(old)) {
          move(old, folder);
        }
        throw e;
      }
      AtomicFiles.forceFolder(parent);
    } catch (IOException e) {
      throw new IOException(
          "cannot write the folder " + folder + ": " + Quote.reason(e) + "; nothing was replaced",
          e);
    } finally {
      deleteTree(temp);
      deleteTree(old);
    }
  }

  /** Removes a folder with all that is in it; it is gone at once or there as a whole. */
  public static void delete(Path target) throws IOException {
    Path folder = target.toAbsolutePath();
    Path doomed = beside(folder, "del");
    move(folder, doomed);
    AtomicFiles.forceFolder(parent(folder));
    deleteTree(doomed);
  }

  /**
   * Removes what killed processes have left behind in {@code parent}; a folder that was about to be
   * replaced is put back in its place. Nobody may be writing there.
   */
  public static void clean(Path parent) throws IOException {
    if (!Files.isDirectory(parent)) {
      return;
    }
    try (DirectoryStream<Path> children = Files.newDirectoryStream(parent, ".*")) {
      for (Path child : children) {
        Matcher name = LEFT_BEHIND.matcher(String.valueOf(child.getFileName()));
        if (name.matches() && Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS)) {
          Path target = parent.resolve(name.group(1));
          if (name.group(2).equals("old") && !Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            move(child, target);
          } else {
            deleteTree(child);
          }
        }
      }
    }
  }

  private static Path parent(Path folder) {
    Path parent = folder.getParent();
    return parent == null ? folder : parent;
  }

  private static Path beside(Path folder, String suffix) {
    String hex = Long.toHexString(ThreadLocalRandom.current().nextLong());
    return parent(folder).resolve("." + folder.getFileName() + "." + hex + "." + suffix);
  }

  private static void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  private static void forceAll(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
              channel.force(true);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException e)
              throws IOException {
            AtomicFiles.forceFolder(dir);
            return super.postVisitDirectory(dir, e);
          }
        });
  }

  /** Deletes as much as can be; links are not followed. */
  private static void deleteTree(Path folder) throws IOException {
    if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (e instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw e;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException e)
              throws IOException {
            Files.deleteIfExists(dir);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
