package dev.peft4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileHoldTest {
  @TempDir Path folder;

  @Test
  void onlyTheOwnerLetsItGo() throws Exception {
    Path file = folder.resolve("lock");
    try (FileHold hold = FileHold.tryTake(file)) {
      assertThat(hold).isNotNull();
      Path link = Files.createSymbolicLink(folder.resolve("link"), folder);
      Path hard = Files.createLink(folder.resolve("hard"), file);
      Path relative = Path.of("").toAbsolutePath().relativize(file);
      for (Path same :
          new Path[] {
            file,
            link.resolve("lock"),
            hard,
            relative,
            folder.resolve("x/..").resolve("lock"),
            Files.createSymbolicLink(folder.resolve("soft"), file)
          }) {
        Files.createDirectories(folder.resolve("x"));
        assertThat(FileHold.tryTake(same)).as(same.toString()).isNull();
      }
      // the refusals have not taken the lock away
      assertThat(LockProbe.ask(file)).isEqualTo("refused");
      assertThat(LockProbe.ask(link.resolve("lock"))).isEqualTo("refused");
      // nor does somebody in this process who reads the file, though POSIX drops the lock then
      assertThat(Files.readString(file)).startsWith("process ");
      assertThat(LockProbe.ask(file)).isEqualTo("refused");
    }
    assertThat(file).isEmptyFile();
    assertThat(LockProbe.ask(file)).isEqualTo("taken");
    try (FileHold again = FileHold.tryTake(file)) {
      assertThat(again).isNotNull();
      again.close(); // twice does nothing
      try (FileHold third = FileHold.tryTake(file)) {
        assertThat(third).isNotNull();
        again.close();
        assertThat(FileHold.tryTake(file)).isNull();
      }
    }
  }

  @Test
  void aProcessThatIsKilledHoldsNothing() throws Exception {
    Path file = folder.resolve("lock");
    Process other = LockProbe.start(file, "stay");
    try {
      assertThat(other.inputReader().readLine()).isEqualTo("taken");
      assertThat(FileHold.tryTake(file)).isNull();
      assertThat(FileHold.tryTake(file)).isNull();
    } finally {
      other.destroyForcibly().waitFor();
    }
    assertThat(Files.readString(file)).startsWith("process " + other.pid());
    try (FileHold hold = FileHold.tryTake(file)) {
      assertThat(hold).isNotNull();
    }
  }

  @Test
  void whatSomebodyElseKeepsInSuchAFileStays() throws Exception {
    Path file = Files.writeString(folder.resolve("lock"), "mine");
    try (FileHold hold = FileHold.tryTake(file)) {
      assertThat(hold).isNotNull();
      assertThat(FileHold.tryTake(file)).isNull();
    }
    assertThat(file).hasContent("mine");
  }

  @Test
  void whatCannotBeOpenedIsHeldByNobody() throws Exception {
    Path file = Files.createDirectory(folder.resolve("lock"));
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> FileHold.tryTake(file)).isInstanceOf(IOException.class);
    }
    Files.delete(file);
    try (FileHold hold = FileHold.tryTake(file)) {
      assertThat(hold).isNotNull();
    }
  }

  @Test
  void threadsThatRaceForAFileGetItOneAtATime() throws Exception {
    Path file = folder.resolve("lock");
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger turns = new AtomicInteger();
    AtomicInteger both = new AtomicInteger();
    Thread[] threads = new Thread[4];
    for (int t = 0; t < threads.length; t++) {
      threads[t] =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; i < 300; i++) {
                      try {
                        FileHold hold = FileHold.tryTake(file, true);
                        if (hold != null) {
                          both.addAndGet(inside.getAndIncrement());
                          turns.incrementAndGet();
                          inside.decrementAndGet();
                          Files.delete(file);
                          hold.release();
                        }
                      } catch (IOException e) {
                        both.addAndGet(1000);
                      }
                    }
                  });
    }
    for (Thread t : threads) {
      t.join();
    }
    assertThat(both).hasValue(0);
    assertThat(turns).hasPositiveValue();
  }
}
