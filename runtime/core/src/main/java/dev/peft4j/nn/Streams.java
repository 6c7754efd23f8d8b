package dev.peft4j.nn;

import dev.peft4j.data.Rng;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/**
 * The random numbers of one adapted model. For each choice of adapters there are copies of the
 * generators, which start at the state of the generators: what the training of one adapter draws
 * does not depend on others.
 *
 * <p>A thread draws from copies of these in turn, which become those of the choice when the thread
 * makes an optimizer step. So calls of threads that do not train change nothing.
 */
final class Streams {
  /** A thread's copy of a stream, and the position of the stream when it was copied. */
  private static final class Fork {
    private final Rng rng;
    private long seed;
    private long position;

    Fork(Rng stream) {
      this.seed = stream.seed();
      this.position = stream.position();
      this.rng = new Rng(seed, position);
    }

    boolean isOf(Rng stream) {
      return stream.seed() == seed && stream.position() == position;
    }

    void giveBack(Rng stream) {
      if (isOf(stream)) {
        seed = rng.seed();
        position = rng.position();
        stream.restore(seed, position);
      }
    }
  }

  private final Map<Object, Map<Rng, Rng>> byKey = new ConcurrentHashMap<>();
  private final Map<Thread, Map<Object, Map<Rng, Fork>>> byThread = new WeakHashMap<>();
  private volatile boolean forked;

  /** Returns the stream of a choice that replaces a generator. */
  Rng of(Object key, Rng own) {
    return byKey
        .computeIfAbsent(key, k -> new ConcurrentHashMap<>())
        .computeIfAbsent(own, g -> new Rng(g.seed(), g.position()));
  }

  /** Returns this thread's copy of it. */
  Rng here(Object key, Rng own) {
    Rng stream = of(key, own);
    synchronized (byThread) {
      forked = true;
      return byThread
          .computeIfAbsent(Thread.currentThread(), t -> new HashMap<>())
          .computeIfAbsent(key, k -> new IdentityHashMap<>())
          .compute(own, (g, f) -> f != null && f.isOf(stream) ? f : new Fork(stream))
          .rng;
    }
  }

  /** Records that this thread has made a step: the numbers that it drew are used up. */
  void stepped() {
    if (!forked) {
      return;
    }
    synchronized (byThread) {
      byThread
          .getOrDefault(Thread.currentThread(), Map.of())
          .forEach((key, forks) -> forks.forEach((own, fork) -> fork.giveBack(of(key, own))));
    }
  }

  /** Forgets the streams of some choices. */
  void forget(Predicate<Object> keys) {
    byKey.keySet().removeIf(keys);
    synchronized (byThread) {
      byThread.values().forEach(m -> m.keySet().removeIf(keys));
    }
  }
}
