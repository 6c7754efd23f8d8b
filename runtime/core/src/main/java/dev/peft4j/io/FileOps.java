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
 * What a save does to the file system, one operation at a time: a test replaces it by a disk that
 * is full, or by a process that ends after any of them.
 */
class FileOps {
  /** The operations that a test wants. */
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

  /** Makes a file that must not be there. */
  FileChannel create(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  /** Makes a folder that must not be there. */
  void createFolder(Path folder) throws IOException {
    Files.createDirectory(folder);
  }

  /** Adds bytes to the end of a file by one call. */
  void append(FileChannel file, byte[] bytes) throws IOException {
    AtomicFiles.writeFully(file, ByteBuffer.wrap(bytes));
  }

  /** Makes the content of a file last. */
  void force(FileChannel file) throws IOException {
    file.force(true);
  }

  /** Makes the names in a folder last; systems that do not open folders do so by themselves. */
  void forceFolder(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException _) {
      // Windows refuses to open a folder; the renamed file itself has been forced already.
    }
  }

  /** Renames a file or folder at once; a file that has the new name is replaced. */
  void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Removes a file or an empty folder if it is there. */
  void delete(Path file) throws IOException {
    Files.deleteIfExists(file);
  }

  /** Removes a file, or a folder with all that is in it; links are not followed. */
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

  /** Makes everything in a folder last. */
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
