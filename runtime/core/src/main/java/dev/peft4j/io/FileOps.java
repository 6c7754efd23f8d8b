package dev.peft4j.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * The file system operations of a save, one at a time: a test replaces them by a disk that is full,
 * or by a process that ends after any of them.
 */
class FileOps {
  /** The operations that a test uses instead. */
  static final ScopedValue<FileOps> TESTED = ScopedValue.newInstance();

  private static final FileOps PLAIN = new FileOps();

  /** Returns the operations to use. */
  static FileOps current() {
    return TESTED.orElse(PLAIN);
  }

  /** Returns the channel through which the content of a new file is written. */
  WritableByteChannel through(FileChannel file) {
    return file;
  }

  /** Creates a file that must not exist. */
  FileChannel create(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  /** Creates a folder that must not exist. */
  void createFolder(Path folder) throws IOException {
    Files.createDirectory(folder);
  }

  /** Appends bytes to a file in one call. */
  void append(FileChannel file, byte[] bytes) throws IOException {
    AtomicFiles.writeFully(file, ByteBuffer.wrap(bytes));
  }

  /** Forces the content of a file to the disk. */
  void force(FileChannel file) throws IOException {
    file.force(true);
  }

  /**
   * Forces the names in a folder to the disk; systems on which folders cannot be opened do so by
   * themselves.
   */
  void forceFolder(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException _) {
      // Windows refuses to open a folder; the renamed file itself has been forced already.
    }
  }

  /** Renames a file or folder atomically; an existing file of the new name is replaced. */
  void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Removes a file or an empty folder if it exists. */
  void delete(Path file) throws IOException {
    Files.deleteIfExists(file);
  }

  /** Removes a file, or a folder with everything in it; links are not followed. */
  final void deleteTree(Path top) throws IOException {
    if (!Files.isDirectory(top, LinkOption.NOFOLLOW_LINKS)) {
      delete(top);
      return;
    }
    Files.walkFileTree(
        top,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            delete(file);
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
            delete(dir);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Forces everything in a folder to the disk. */
  final void forceTree(Path top) throws IOException {
    Files.walkFileTree(
        top,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            if (attributes.isRegularFile()) {
              try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                force(channel);
              }
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException e)
              throws IOException {
            forceFolder(dir);
            return super.postVisitDirectory(dir, e);
          }
        });
  }
}
