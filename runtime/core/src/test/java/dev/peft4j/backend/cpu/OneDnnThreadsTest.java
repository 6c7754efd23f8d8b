package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.peft4j.data.Encodings;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * oneDNN works on the thread that calls it: threads of its own would compete with the crew, and
 * wait in turn for processors that somebody else uses.
 */
class OneDnnThreadsTest {
  private static final String NAME = "dnn-caller";

  @Test
  void startsNoThreadsOfItsOwn() throws Exception {
    assumeTrue(OneDnn.available() && Files.exists(Path.of("/proc/self/task")));
    int n = 512;
    Storage a = Storage.of(new Rng(1).normal(n * n, 0, 1));
    Storage b = Storage.of(new Rng(2).normal(n * n, 0, 1));
    List<String> found = new CopyOnWriteArrayList<>();
    Thread caller =
        new Thread(
            () -> {
              DnnProduct product = DnnProduct.packed(n, n, n, n, false);
              DnnReorder.columns(n, n, false, Encodings.FLOAT32, 0, n, product.layout())
                  .run(a.address(), b.address());
              DnnSoftmax softmax = new DnnSoftmax(n);
              softmax.forward(n, b.address());
              softmax.gradient(n, b.address(), a.address());
              found.addAll(threads());
            },
            NAME);
    caller.start();
    caller.join();
    assertThat(found).containsExactly(NAME);
  }

  /** The native threads of that name: those that a thread starts outside of Java have its name. */
  private static List<String> threads() {
    try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
      return tasks.map(OneDnnThreadsTest::name).filter(NAME::equals).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String name(Path task) {
    try {
      return Files.readString(task.resolve("comm")).strip();
    } catch (IOException e) {
      return ""; // it has just ended
    }
  }
}
