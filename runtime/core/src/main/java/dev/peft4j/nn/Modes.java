package dev.peft4j.nn;

import dev.peft4j.data.Rng;
import dev.peft4j.log.Log;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The modes of calls of one adapted model: training or evaluation, and the random numbers. Both
 * belong to the adapted model and the call, not to the modules of the base, which others may share.
 *
 * <ul>
 *   <li>Each thread has a mode of its own, and asks for another for itself alone.
 *   <li>The thread that adapts a base starts in the base's mode. Any other thread starts, when it
 *       first uses the model, in evaluation mode if some thread has asked for that, such as the one
 *       that built a server, and in the base's mode if none has. What others ask for later does not
 *       reach it.
 *   <li>While the model is evaluated ({@link #evaluating}), threads that have not used it before
 *       are in evaluation mode, so that an evaluation may have helpers.
 *   <li>A call keeps the mode that it started with, unless it changes the mode itself.
 * </ul>
 *
 * <p>Random numbers come from {@link Streams}: what the training of one adapter draws does not
 * depend on others.
 */
public final class Modes {
  /**
   * The mode of a call of one adapted model, and the chosen source of random numbers if there is
   * one.
   */
  private static final class Call {
    private final Modes of;
    private final boolean ownMode;
    private final @Nullable Object key;
    private final @Nullable Call outer;
    private ModeMap mode;

    Call(Modes of, boolean ownMode, ModeMap mode, @Nullable Object key, @Nullable Call outer) {
      this.of = of;
      this.ownMode = ownMode;
      this.mode = mode;
      this.key = key;
      this.outer = outer;
    }
  }

  /**
   * The mode of a thread, of which some part is in training.
   *
   * @param asked whether the thread asked for it, adapted the base or made an optimizer step
   */
  private record Own(WeakReference<Thread> thread, ModeMap mode, boolean asked) {
    boolean isAlive() {
      Thread t = thread.get();
      return t != null && t.isAlive();
    }
  }

  private static final Log LOG = Log.of(Modes.class);
  private static final ScopedValue<Call> CALL = ScopedValue.newInstance();

  private final Streams streams = new Streams();
  private final AtomicInteger evaluations = new AtomicInteger();
  private volatile @Nullable Set<Module> modules;
  private volatile ModeMap initial = ModeMap.TRAINING;
  private final Map<Long, Own> byThread = new ConcurrentHashMap<>();
  private final AtomicInteger pruneAbove = new AtomicInteger(64);
  private volatile boolean warnedOfStep;
  private volatile boolean warnedOfOthers;

  /** Creates the modes of a model that has no base yet. */
  public Modes() {}

  // ---- the base

  /** Takes over the modes of a base's modules, which start as the modules have them. */
  public synchronized void join(OverlaySource source, Collection<Module> base) {
    if (modules == null) {
      Set<Module> all = Collections.newSetFromMap(new IdentityHashMap<>());
      all.addAll(base);
      List<Module> trained = base.stream().filter(Module::ownMode).toList();
      initial = ModeMap.EVALUATION.with(trained, true, all);
      modules = all;
      put(initial, true);
    }
    for (Module m : base) {
      synchronized (m) {
        m.sources = Overlays.plus(m.sources, source);
      }
    }
  }

  /** Returns the modes to the modules of a base. */
  public synchronized void leave(OverlaySource source, Collection<Module> base) {
    for (Module m : base) {
      synchronized (m) {
        m.sources = Overlays.minus(m.sources, source);
      }
    }
    modules = null;
    byThread.clear();
    streams.forget(k -> true);
  }

  // ---- asked by modules

  /** Returns the adapted model that a module is called for here, or null. */
  private static @Nullable OverlaySource calledFor(OverlaySource[] sources) {
    OverlaySource chosen = Overlays.chosenOf(sources);
    if (chosen != null) {
      return chosen;
    }
    for (Call c = CALL.isBound() ? CALL.get() : null; c != null; c = c.outer) {
      for (OverlaySource s : sources) {
        if (s.modes() == c.of) {
          return s;
        }
      }
    }
    return sources.length == 1 ? sources[0] : null;
  }

  static boolean training(Module m) {
    OverlaySource s = calledFor(m.sources);
    return s == null ? m.ownMode() : s.modes().isTraining(m);
  }

  static Rng generator(Module m, Rng own) {
    OverlaySource s = calledFor(m.sources);
    return s == null ? own : s.modes().drawnFrom(s, own);
  }

  /** Sets the mode of modules: for the adapted model that they are called for, or else for all. */
  static void set(List<Module> modules, boolean on) {
    Map<OverlaySource, List<Module>> bySource = new IdentityHashMap<>();
    for (Module m : modules) {
      OverlaySource within = calledWithin(m.sources);
      if (within != null) {
        bySource.computeIfAbsent(within, k -> new ArrayList<>()).add(m);
      } else {
        m.ownMode(on);
        for (OverlaySource s : m.sources) {
          bySource.computeIfAbsent(s, k -> new ArrayList<>()).add(m);
        }
      }
    }
    bySource.forEach((s, some) -> s.modes().set((Collection<Module>) some, on));
  }

  private static @Nullable OverlaySource calledWithin(OverlaySource[] sources) {
    OverlaySource s = sources.length == 0 ? null : calledFor(sources);
    return s != null && s.modes().here() != null ? s : null;
  }

  // ---- modes

  /** Returns whether a module of the base is in training mode for a call made here. */
  public boolean isTraining(Module m) {
    Call call = here();
    return (call == null ? present() : call.mode).get(m);
  }

  /** Sets the mode of modules of the base. */
  public void set(Collection<Module> some, boolean on) {
    Set<Module> all = modules == null ? Set.copyOf(some) : modules;
    for (Call c = CALL.isBound() ? CALL.get() : null; c != null; c = c.outer) {
      if (c.of == this) {
        c.mode = c.mode.with(some, on, all);
        if (c.ownMode) {
          return;
        }
      }
    }
    ModeMap next = present().with(some, on, all);
    Own mine = mine();
    if (!on) {
      synchronized (this) {
        initial = initial.with(some, false, all);
      }
      warnOfOthers();
    }
    put(next, on || (mine != null && mine.asked));
  }

  /** Sets the mode of this thread. */
  private void put(ModeMap mode, boolean asked) {
    Thread me = Thread.currentThread();
    if (mode.isEvaluation()) {
      byThread.remove(me.threadId());
      return;
    }
    byThread.put(me.threadId(), new Own(new WeakReference<>(me), mode, asked));
    if (byThread.size() > pruneAbove.get()) {
      byThread.values().removeIf(t -> !t.isAlive());
      pruneAbove.set(Math.max(64, 2 * byThread.size()));
    }
  }

  private @Nullable Own mine() {
    if (byThread.isEmpty()) {
      return null;
    }
    Thread me = Thread.currentThread();
    Own found = byThread.get(me.threadId());
    return found != null && found.thread.refersTo(me) ? found : null; // ids may be used again
  }

  /** Returns the mode of this thread outside calls; it is the thread's own from now on. */
  private ModeMap present() {
    Own mine = mine();
    if (mine != null) {
      return mine.mode;
    }
    if (evaluations.get() > 0) {
      return ModeMap.EVALUATION; // of a helper, for as long as it helps
    }
    ModeMap first = initial;
    if (!first.isEvaluation()) {
      put(first, false);
    }
    return first;
  }

  private @Nullable Call here() {
    for (Call c = CALL.isBound() ? CALL.get() : null; c != null; c = c.outer) {
      if (c.of == this) {
        return c;
      }
    }
    return null;
  }

  // ---- scopes

  /** Runs {@code body} as a call, which keeps the mode that it starts with. */
  public <T> T call(Supplier<T> body) {
    return here() != null ? body.get() : in(false, present(), null, body);
  }

  /**
   * Runs {@code body} in training mode, on this thread.
   *
   * @param key identifies what is trained; each key has its own random numbers
   */
  public <T> T training(Object key, Supplier<T> body) {
    return in(true, ModeMap.TRAINING, key, body);
  }

  /**
   * Runs {@code body} in evaluation mode; threads that use the model for the first time meanwhile
   * are in it, too.
   */
  public <T> T evaluating(Supplier<T> body) {
    Call outer = here();
    evaluations.incrementAndGet();
    try {
      return in(true, ModeMap.EVALUATION, outer == null ? null : outer.key, body);
    } finally {
      evaluations.decrementAndGet();
    }
  }

  private <T> T in(boolean ownMode, ModeMap mode, @Nullable Object key, Supplier<T> body) {
    Call outer = CALL.isBound() ? CALL.get() : null;
    return ScopedValue.where(CALL, new Call(this, ownMode, mode, key, outer)).call(body::get);
  }

  // ---- random numbers

  /** Returns what this thread trains by {@link #training(Object, Supplier)}, or null. */
  private @Nullable Object trained() {
    for (Call c = CALL.isBound() ? CALL.get() : null; c != null; c = c.outer) {
      if (c.of == this && c.key != null) {
        return c.key;
      }
    }
    return null;
  }

  private Rng drawnFrom(OverlaySource source, Rng own) {
    Object trained = trained();
    if (trained != null) {
      return streams.of(trained, own);
    }
    Object key = key(source);
    return key == null ? own : streams.here(key, own);
  }

  /**
   * Returns the stream that replaces {@code own} in the training of what is chosen here; its state
   * may be set.
   */
  public Rng stream(OverlaySource source, Rng own) {
    Object trained = trained();
    Object key = trained == null ? key(source) : trained;
    return key == null ? own : streams.of(key, own);
  }

  private static @Nullable Object key(OverlaySource source) {
    Overlay chosen = Overlays.chosen(source);
    Overlay acting = chosen == null ? source.standard() : chosen;
    return acting == null ? null : acting.key();
  }

  /**
   * Records that this thread has made an optimizer step: the numbers that it drew belong to the
   * training.
   */
  public void stepped() {
    streams.stepped();
    if (here() != null) {
      return;
    }
    Own mine = mine();
    if (mine == null && initial.isEvaluation()) {
      warnOfStep();
    } else if (mine == null || !mine.asked) {
      put(mine == null ? initial : mine.mode, true);
    }
  }

  private void warnOfStep() {
    if (!warnedOfStep && byThread.values().stream().anyMatch(Own::isAlive)) {
      warnedOfStep = true;
      LOG.warn(
          "an optimizer steps on thread '{}', which is in evaluation mode, so without dropout;"
              + " train() was called on another thread, for that one: call it on the thread that"
              + " trains",
          Thread.currentThread().getName());
    }
  }

  /** Tells that threads which have used the model in training mode, though untold, stay in it. */
  private void warnOfOthers() {
    if (warnedOfOthers) {
      return;
    }
    List<String> others =
        byThread.values().stream()
            .filter(t -> !t.asked && !t.thread.refersTo(Thread.currentThread()) && t.isAlive())
            .map(t -> t.thread.get())
            .filter(Objects::nonNull)
            .map(t -> "'" + t.getName() + "'")
            .toList();
    if (!others.isEmpty()) {
      warnedOfOthers = true;
      LOG.warn(
          "eval() is for the thread that calls it, '{}'; {} used the model in training mode before"
              + " and {} in it: call eval() there, too, or before the first use",
          Thread.currentThread().getName(),
          String.join(", ", others),
          others.size() == 1 ? "stays" : "stay");
    }
  }

  /** Forgets the streams whose key contains {@code part}, which no longer exists. */
  public void forget(Object part) {
    streams.forget(k -> isIn(part, k));
  }

  private static boolean isIn(Object part, Object key) {
    return key instanceof Collection<?> c ? c.contains(part) : key.equals(part);
  }

  @Override
  public String toString() {
    return "initial " + initial + ", by thread " + byThread.values();
  }
}
