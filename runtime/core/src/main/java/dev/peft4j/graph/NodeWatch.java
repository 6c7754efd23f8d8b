package dev.peft4j.graph;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Observation of each operation that is applied in a scope, on its thread: for a model's summary.
 */
public final class NodeWatch {
  private static final ScopedValue<Consumer<Node>> WATCHER = ScopedValue.newInstance();

  /** The number of scopes: while it is 0, the cost is one read of this counter. */
  private static final AtomicInteger WATCHERS = new AtomicInteger();

  private NodeWatch() {}

  /** Runs {@code body}; {@code watcher} receives each node that it creates from others. */
  public static <T> T with(Consumer<Node> watcher, Supplier<T> body) {
    WATCHERS.incrementAndGet();
    try {
      return ScopedValue.where(WATCHER, watcher).call(body::get);
    } finally {
      WATCHERS.decrementAndGet();
    }
  }

  /** Returns whether any thread is observed. */
  public static boolean isOn() {
    return WATCHERS.get() != 0;
  }

  static Node made(Node n) {
    if (WATCHERS.get() != 0 && WATCHER.isBound()) {
      WATCHER.get().accept(n);
    }
    return n;
  }
}
