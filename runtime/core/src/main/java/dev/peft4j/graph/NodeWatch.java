package dev.peft4j.graph;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Tells a scope of each operation that is applied in it, on its thread: for a model's summary. */
public final class NodeWatch {
  private static final ScopedValue<Consumer<Node>> WATCHER = ScopedValue.newInstance();

  /** How many scopes there are: while there is none, nobody pays more than a look at this. */
  private static final AtomicInteger WATCHERS = new AtomicInteger();

  private NodeWatch() {}

  /** Runs {@code body}; {@code watcher} gets each node that it makes of others. */
  public static <T> T with(Consumer<Node> watcher, Supplier<T> body) {
    WATCHERS.incrementAndGet();
    try {
      return ScopedValue.where(WATCHER, watcher).call(body::get);
    } finally {
      WATCHERS.decrementAndGet();
    }
  }

  /** Returns true if some thread watches. */
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
