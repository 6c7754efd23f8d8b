package dev.peft4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {
  @TempDir Path folder;

  /** A disk with room for so many bytes of content. */
  static FileOps diskOf(int bytes) {
    int[] left = {bytes};
    return new FileOps() {
      @Override
      WritableByteChannel through(FileChannel out) {
        return new WritableByteChannel() {
          @Override
          public int write(ByteBuffer src) throws IOException {
            int n = Math.min(src.remaining(), left[0]);
            if (n == 0 && src.hasRemaining()) {
              throw new IOException("No space left on device");
            }
            left[0] -= n;
            int limit = src.limit();
            src.limit(src.position() + n);
            out.write(src);
            src.limit(limit);
            return n;
          }

          @Override
          public boolean isOpen() {
            return out.isOpen();
          }

          @Override
          public void close() throws IOException {
            out.close();
          }
        };
      }
    };
  }

  /** Writes files by other operations than the usual ones. */
  static void write(FileOps ops, SequencedMap<Path, AtomicFiles.Content> files) throws IOException {
    ScopedValue.where(FileOps.TESTED, ops)
        .call(
            () -> {
              AtomicFiles.writeAll(files);
              return true;
            });
  }

  private static SequencedMap<Path, AtomicFiles.Content> files(Path... paths) {
    SequencedMap<Path, AtomicFiles.Content> out = new LinkedHashMap<>();
    for (Path p : paths) {
      out.put(p, AtomicFiles.text("new " + p.getFileName()));
    }
    return out;
  }

  @Test
  void makesFoldersAndReplaces() throws Exception {
    Path file = folder.resolve("a/b/c.txt");
    AtomicFiles.write(file, "one");
    AtomicFiles.write(file, "two ü");
    assertThat(file).hasContent("two ü");
    assertThat(TestFiles.listing(folder)).containsExactly("a/", "a/b/", "a/b/c.txt");
  }

  @Test
  void aFullDiskLeavesEverythingAsItWas() throws Exception {
    Path a = folder.resolve("a");
    Path b = folder.resolve("b");
    Files.writeString(a, "old a");
    assertThatThrownBy(() -> write(diskOf(7), files(a, b)))
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll("b in folder " + folder, "no space left on device", "unchanged");
    assertThat(a).hasContent("old a");
    assertThat(TestFiles.listing(folder)).containsExactly("a");
    Path deep = folder.resolve("x/y/z");
    assertThatThrownBy(() -> write(diskOf(1), files(deep))).isInstanceOf(IOException.class);
    assertThat(TestFiles.listing(folder)).containsExactly("a");
    write(diskOf(1000), files(a, b));
    assertThat(a).hasContent("new a");
    assertThat(TestFiles.listing(folder)).containsExactly("a", "b");
  }

  @Test
  void aFailingRenamePutsTheOthersBack() throws Exception {
    Path a = Files.writeString(folder.resolve("a"), "old a");
    SequencedMap<Path, AtomicFiles.Content> files = files(a, folder.resolve("fresh"));
    files.put(folder.resolve("gone"), out -> out.write(ByteBuffer.allocate(3)));
    // The last file's content takes away the temporary file before it, so that its rename fails.
    files.put(
        folder.resolve("last"),
        _ -> {
          try (DirectoryStream<Path> temps = Files.newDirectoryStream(folder, ".gone.*.tmp")) {
            Files.delete(temps.iterator().next());
          }
        });
    assertThatThrownBy(() -> AtomicFiles.writeAll(files))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("gone in folder " + folder);
    assertThat(a).hasContent("old a");
    assertThat(TestFiles.listing(folder)).containsExactly("a");
  }

  @Test
  void aFolderInPlaceOfOneOfTheFilesChangesNone() throws Exception {
    Path a = Files.writeString(folder.resolve("a"), "old a");
    Path blocked = Files.createDirectories(folder.resolve("blocked"));
    assertThatThrownBy(() -> AtomicFiles.writeAll(files(a, folder.resolve("fresh"), blocked)))
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll("blocked in folder", "folder of that name");
    assertThat(a).hasContent("old a");
    assertThat(TestFiles.listing(folder)).containsExactly("a", "blocked/");
  }

  @Test
  void aFileInPlaceOfTheFolderIsNamed() throws Exception {
    Path file = Files.writeString(folder.resolve("file"), "x");
    assertThatThrownBy(() -> AtomicFiles.write(file.resolve("below"), "y"))
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll("below in folder " + file, "not a ");
    assertThatThrownBy(() -> AtomicFiles.write(file.resolve("deep/below"), "y"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("deep");
    assertThat(file).hasContent("x");
    assertThat(TestFiles.listing(folder)).containsExactly("file");
  }

  @Test
  void aFolderInPlaceOfTheFileIsNamed() throws Exception {
    Path there = Files.createDirectories(folder.resolve("there"));
    assertThatThrownBy(() -> AtomicFiles.write(there, "x"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("there in folder " + folder);
    assertThat(TestFiles.listing(folder)).containsExactly("there/");
  }

  @Test
  void aFolderThatCannotBeWrittenIsNamed() {
    // Even root cannot make files in /proc.
    Path proc = Path.of("/proc");
    Assumptions.assumeTrue(Files.isDirectory(proc.resolve("self")));
    assertThatThrownBy(() -> AtomicFiles.write(proc.resolve("x"), "x"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("x in folder /proc");
  }

  @Test
  void aReadOnlyFolderIsNamed() throws Exception {
    Path locked = Files.createDirectories(folder.resolve("locked"));
    Files.writeString(locked.resolve("a"), "old");
    Assumptions.assumeTrue(locked.toFile().setWritable(false), "no permission bits here");
    try {
      Assumptions.assumeFalse(Files.isWritable(locked), "permission bits do not bind root");
      assertThatThrownBy(() -> AtomicFiles.write(locked.resolve("a"), "new"))
          .isInstanceOf(IOException.class)
          .hasMessageContainingAll("a in folder " + locked, "permission denied");
      assertThat(locked.resolve("a")).hasContent("old");
      assertThat(TestFiles.listing(locked)).containsExactly("a");
    } finally {
      locked.toFile().setWritable(true);
    }
  }

  @Test
  void anExceptionOfTheContentLeavesNothing() {
    Map<Path, AtomicFiles.Content> failing =
        Map.of(
            folder.resolve("x"),
            _ -> {
              throw new IllegalStateException("mine");
            });
    assertThatThrownBy(() -> AtomicFiles.writeAll(new LinkedHashMap<>(failing)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("mine");
    assertThat(TestFiles.listing(folder)).isEqualTo(List.of());
  }
}
