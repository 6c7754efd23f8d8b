package dev.peft4j.spark;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.Backends;
import dev.peft4j.data.Rng;
import dev.peft4j.train.Batches;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Batches of which those that are probably wanted next are made by another thread, while a step is
 * computed. One that draws random numbers while it is made is made again when it is wanted, since
 * the numbers depend on what was drawn before.
 */
final class NextBatches<B> implements Batches<B> {
  private static final int MOST = 64;

  private record Place(long epoch, int index) {}

  /**
   * A batch that was made in advance.
   *
   * @param batch null if it cannot be
   */
  private record Made<B>(@Nullable B batch) {}

  private final Batches<B> source;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("peft4j-next-batches").factory());
  private final Map<Place, Future<Made<B>>> waiting = new HashMap<>();
  private boolean draws;

  NextBatches(Batches<B> source) {
    this.source = source;
  }

  /** Lets a batch be made; of an index behind the last, none. */
  synchronized void expect(long epoch, int index) {
    if (draws || index >= source.count() || waiting.size() >= MOST) {
      return;
    }
    Backend backend = Backends.current();
    waiting.computeIfAbsent(
        new Place(epoch, index), p -> thread.submit(() -> Backends.with(backend, () -> make(p))));
  }

  private Made<B> make(Place place) {
    Rng rng = new Rng(0);
    try {
      B batch = Rng.with(rng, () -> source.get(place.epoch, place.index));
      return new Made<>(rng.position() == 0 ? batch : null);
    } catch (RuntimeException e) {
      return new Made<>(null); // whoever wants it gets the reason
    }
  }

  private synchronized @Nullable Future<Made<B>> take(Place place) {
    waiting.keySet().removeIf(p -> p.epoch < place.epoch);
    return waiting.remove(place);
  }

  @Override
  public B get(long epoch, int index) {
    Future<Made<B>> made = take(new Place(epoch, index));
    B batch = made == null ? null : wait(made);
    return batch == null ? source.get(epoch, index) : batch;
  }

  private @Nullable B wait(Future<Made<B>> made) {
    try {
      B batch = made.get().batch;
      if (batch == null) {
        synchronized (this) {
          draws = true; // it is not worth a second attempt
        }
      }
      return batch;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the task is stopped, as a second attempt may be
      return null;
    } catch (ExecutionException e) {
      throw new IllegalStateException(Objects.requireNonNull(e.getCause()));
    }
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
}
