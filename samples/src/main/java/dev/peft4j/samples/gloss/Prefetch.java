package dev.peft4j.samples.gloss;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** A queue of items that another thread prepares in advance. */
final class Prefetch<T> implements AutoCloseable {
  private record Item<T>(@Nullable T value, @Nullable Throwable error) {}

  private final BlockingQueue<Item<T>> queue;
  private final Thread thread;

  /**
   * Starts the preparation.
   *
   * @param count the number of items
   * @param ahead the largest number of items prepared in advance
   * @param make makes item i, 0 first
   */
  Prefetch(int count, int ahead, IntFunction<T> make) {
    this.queue = new ArrayBlockingQueue<>(ahead);
    this.thread = Thread.ofPlatform().daemon().name("prefetch").start(() -> run(count, make));
  }

  private void run(int count, IntFunction<T> make) {
    try {
      for (int i = 0; i < count; i++) {
        queue.put(new Item<>(make.apply(i), null));
      }
    } catch (InterruptedException e) {
      // closed: nobody waits for more
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      try {
        queue.put(new Item<>(null, e));
      } catch (InterruptedException closed) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Returns the next item; an exception while it was made is thrown here. */
  T take() {
    Item<T> item;
    try {
      item = queue.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for a batch", e);
    }
    if (item.value() == null) {
      throw new IllegalStateException("a batch could not be prepared", item.error());
    }
    return item.value();
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
