package dev.peft4j.graph;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A group knows which threads compute with its values, and keeps none of them alive. */
class SnapshotThreadsTest {
  private final Variable w = new Variable("w", Storage.of(1, 2), Shape.of(2), true);

  SnapshotThreadsTest() {
    VariableGroup.uniteVariables(List.of(w));
  }

  private static WeakReference<Thread> run(Runnable body) throws InterruptedException {
    Thread t = new Thread(body);
    t.start();
    t.join();
    return new WeakReference<>(t);
  }

  private static boolean isGone(WeakReference<Thread> thread) throws InterruptedException {
    for (int i = 0; i < 100 && thread.get() != null; i++) {
      System.gc();
      Thread.sleep(20);
    }
    return thread.get() == null;
  }

  @Test
  void threadsThatReadAndReplacedAreForgotten() throws InterruptedException {
    WeakReference<Thread> reader = run(w::node);
    assertThat(isGone(reader)).isTrue();
    WeakReference<Thread> writer = run(() -> VariableGroup.replace(Map.of(w, Storage.of(3, 4))));
    assertThat(isGone(writer)).isTrue();
    assertThat(w.storage().toFloats()).containsExactly(3, 4);
  }
}
