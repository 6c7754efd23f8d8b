package dev.peft4j.train;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.Backends;
import dev.peft4j.data.Rng;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Batches that are made in advance by another thread. They are the same ones in the same order, and
 * a run can be resumed from a checkpoint with or without them. An exception while a batch is made
 * is thrown by the call that gets the batch. Created by {@link Batches#prefetch}.
 *
 * <p>Random numbers that {@link Rng#current} gives while a batch is made depend only on its epoch
 * and index.
 *
 * @param <B> what the loss is computed from
 */
public final class PrefetchedBatches<B> implements Batches<B>, AutoCloseable {
  private record Place(long epoch, int index) {
    Place next(int count) {
      return index + 1 < count ? new Place(epoch, index + 1) : new Place(epoch + 1, 0);
    }
  }

  private final Batches<B> source;
  private final int ahead;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("peft4j-prefetch").factory());
  private final Map<Place, Future<B>> waiting = new HashMap<>();
  private boolean closed;

  PrefetchedBatches(Batches<B> source, int ahead) {
    if (ahead < 1) {
      throw new IllegalArgumentException(
          "prefetch: " + ahead + " batches ahead, must be at least 1");
    }
    this.source = source;
    this.ahead = ahead;
  }

  @Override
  public int count() {
    return source.count();
  }

  @Override
  public int examples(long epoch, int index) {
    return source.examples(epoch, index);
  }

  @Override
  public Map<String, String> fingerprint() {
    return source.fingerprint();
  }

  /**
   * Returns a batch, and lets the next ones be made. If it is not the next one in order, batches
   * made in advance are dropped.
   *
   * @throws IllegalStateException if this is closed before or during the call, or the thread is
   *     interrupted
   */
  @Override
  public B get(long epoch, int index) {
    Future<B> batch = take(new Place(epoch, index));
    try {
      return batch.get();
    } catch (ExecutionException e) {
      throw thrown(Objects.requireNonNull(e.getCause()));
    } catch (CancellationException e) {
      throw closedAlready(e);
    } catch (InterruptedException e) {
      batch.cancel(false);
      Thread.currentThread().interrupt();
      throw new IllegalStateException(
          "interrupted while waiting for batch " + index + " of epoch " + epoch, e);
    }
  }

  private synchronized Future<B> take(Place place) {
    if (closed) {
      throw closedAlready(null);
    }
    Future<B> batch = waiting.remove(place);
    if (batch == null) {
      drop(false);
      batch = make(place);
    }
    int count = source.count();
    Place next = place;
    for (int i = 0; i < ahead && place.index < count; i++) {
      next = next.next(count);
      waiting.computeIfAbsent(next, this::make);
    }
    return batch;
  }

  private Future<B> make(Place place) {
    Backend backend = Backends.current();
    long seed = Rng.mix(place.epoch) + place.index;
    return thread.submit(
        () ->
            Backends.with(
                backend, () -> Rng.with(seed, () -> source.get(place.epoch, place.index))));
  }

  private void drop(boolean interrupt) {
    waiting.values().forEach(f -> f.cancel(interrupt));
    waiting.clear();
  }

  /** Ends the thread after the batch that it is making, and drops what it has made. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      drop(true);
      thread.shutdownNow().forEach(PrefetchedBatches::cancel);
    }
    thread.close();
  }

  private static void cancel(Runnable task) {
    if (task instanceof Future<?> f) {
      f.cancel(false);
    }
  }

  private static IllegalStateException closedAlready(@Nullable Exception e) {
    return new IllegalStateException("these prefetched batches are closed", e);
  }

  /** Returns the exception as it was thrown, so that callers can catch its type. */
  private static RuntimeException thrown(Throwable problem) {
    return switch (problem) {
      case RuntimeException e -> e;
      case Error e -> throw e;
      default -> new IllegalStateException("a batch cannot be made: " + problem, problem);
    };
  }
}
