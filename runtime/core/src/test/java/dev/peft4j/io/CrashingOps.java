package dev.peft4j.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;

/**
 * A process that ends after so many operations on the file system: nothing it does later counts.
 */
final class CrashingOps extends FileOps {
  /** The end of the process. */
  static final class Crash extends Error {
    private static final long serialVersionUID = 1L;

    Crash() {
      super("the process has ended", null, false, false);
    }
  }

  private int left;

  CrashingOps(int operations) {
    this.left = operations;
  }

  /** Operations that do not end, and do not wait for the disk. */
  static FileOps never() {
    return new CrashingOps(Integer.MAX_VALUE);
  }

  private void step() {
    if (left <= 0) {
      throw new Crash();
    }
    left--;
  }

  /** Runs work in the process; true if it came to its end. */
  static boolean survives(FileOps ops, AtomicFiles.Work work) throws IOException {
    try {
      ScopedValue.where(FileOps.TESTED, ops)
          .call(
              () -> {
                work.run();
                return true;
              });
      return true;
    } catch (Crash _) {
      return false;
    }
  }

  @Override
  WritableByteChannel through(FileChannel file) {
    return new WritableByteChannel() {
      @Override
      public int write(ByteBuffer bytes) throws IOException {
        step();
        ByteBuffer half = bytes.slice(bytes.position(), (bytes.remaining() + 1) / 2);
        int n = file.write(half);
        bytes.position(bytes.position() + n);
        return n;
      }

      @Override
      public boolean isOpen() {
        return file.isOpen();
      }

      @Override
      public void close() throws IOException {
        file.close();
      }
    };
  }

  @Override
  FileChannel create(Path file) throws IOException {
    step();
    return super.create(file);
  }

  @Override
  void createFolder(Path folder) throws IOException {
    step();
    super.createFolder(folder);
  }

  @Override
  void append(FileChannel file, byte[] bytes) throws IOException {
    step();
    super.append(file, bytes);
  }

  @Override
  void force(FileChannel file) {
    step();
  }

  @Override
  void forceFolder(Path folder) {
    step();
  }

  @Override
  void move(Path from, Path to) throws IOException {
    step();
    super.move(from, to);
  }

  @Override
  void delete(Path file) throws IOException {
    step();
    super.delete(file);
  }
}
