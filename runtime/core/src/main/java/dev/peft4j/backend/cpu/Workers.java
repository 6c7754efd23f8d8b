package dev.peft4j.backend.cpu;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A fixed crew of threads that runs the parts of a task, the calling thread being one of them. Part
 * {@code i} goes to member {@code i % size()}, member 0 being the caller. A caller that has done
 * its own parts does those of members that have not begun, too: where the system has given their
 * processor to somebody else, nobody waits for it. Between tasks the members spin for a moment,
 * since the next kernel of a step usually follows within microseconds, then sleep.
 *
 * <p>One task runs on the crew at a time: a caller that finds the crew busy, another thread's task
 * or the same thread's enclosing one, runs all parts itself. A steady call allocates nothing.
 */
final class Workers implements AutoCloseable {
  /** A piece of work cut into parts that may run at the same time. */
  @FunctionalInterface
  interface Task {
    void run(int part);
  }

  /**
   * Long enough to bridge the gap between two kernels, short enough to cost nothing when a step is
   * over.
   */
  private static final long SPIN_NANOS = 40_000;

  /** Spins between two looks at the clock. */
  private static final int SPINS = 32;

  /** More threads than any machine has; a larger number is a typing error. */
  private static final int MAX_THREADS = 4096;

  private final Member[] members;

  // Written by the caller before it hands out turns, read by members after they saw theirs.
  private @Nullable Task task;
  private int parts;
  private @Nullable Thread caller;

  private final AtomicBoolean busy = new AtomicBoolean();
  private final AtomicInteger pending = new AtomicInteger();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private volatile boolean callerSleeps;

  /**
   * A crew of {@code size} threads, {@code size - 1} of them new.
   *
   * @throws IllegalArgumentException if {@code size} is less than 1
   */
  Workers(int size) {
    if (size < 1) {
      throw new IllegalArgumentException("a crew needs at least 1 thread, found " + size);
    }
    members = new Member[size - 1];
    for (int i = 0; i < members.length; i++) {
      members[i] = new Member(i + 1);
    }
    for (Member member : members) {
      member.start();
    }
  }

  /**
   * The crew of this process: as many threads as processors, or {@code -Dpeft4j.threads}.
   *
   * @throws IllegalArgumentException if that property is not a number of threads
   */
  static Workers shared() {
    Workers crew = Shared.CREW;
    if (crew == null) {
      throw new IllegalArgumentException(Shared.PROBLEM);
    }
    return crew;
  }

  /** Number of threads, the caller included. */
  int size() {
    return members.length + 1;
  }

  /**
   * Runs parts 0 to {@code parts - 1} and returns when all are done. What a part throws is thrown
   * here, after the others have ended; the later parts of the same member are then left out.
   */
  void run(Task task, int parts) {
    if (parts < 2 || members.length == 0 || !busy.compareAndSet(false, true)) {
      for (int i = 0; i < parts; i++) {
        task.run(i);
      }
      return;
    }
    try {
      share(task, parts);
    } finally {
      this.task = null;
      this.caller = null;
      busy.set(false);
    }
  }

  private void share(Task task, int parts) {
    int helpers = Math.min(members.length, parts - 1);
    this.task = task;
    this.parts = parts;
    this.caller = Thread.currentThread();
    pending.set(helpers);
    for (int i = 0; i < helpers; i++) {
      members[i].go();
    }
    work(task, 0, parts);
    for (int i = 0; i < helpers; i++) {
      if (members[i].take()) {
        work(task, i + 1, parts);
        pending.decrementAndGet();
      }
    }
    if (pending.get() != 0) {
      await();
    }
    Throwable thrown = failure.get();
    if (thrown != null) {
      failure.set(null);
      Workers.<RuntimeException>sneak(thrown);
    }
  }

  private void work(Task task, int member, int parts) {
    int size = size();
    try {
      for (int i = member; i < parts; i += size) {
        task.run(i);
      }
    } catch (Throwable t) {
      failure.compareAndSet(null, t);
    }
  }

  private void await() {
    long start = System.nanoTime();
    while (System.nanoTime() - start < SPIN_NANOS) {
      for (int i = 0; i < SPINS; i++) {
        if (pending.get() == 0) {
          return;
        }
        Thread.onSpinWait();
      }
    }
    callerSleeps = true;
    while (pending.get() != 0) {
      LockSupport.park(this);
    }
    callerSleeps = false;
  }

  /**
   * Ends the threads. A task that is running is finished first; later ones run on the caller alone.
   */
  @Override
  public void close() {
    while (!busy.compareAndSet(false, true)) {
      Thread.onSpinWait();
    }
    for (Member member : members) {
      member.closed = true;
      member.go();
    }
  }

  @SuppressWarnings("unchecked")
  private static <T extends Throwable> void sneak(Throwable t) throws T {
    throw (T) t;
  }

  /**
   * One thread of the crew. Its turns are counted by the caller, so it runs each task it is given
   * exactly once.
   */
  private final class Member implements Runnable {
    private final int index;
    private final Thread thread;
    private volatile int turn;

    /** The last turn that somebody took: this thread, or the caller in its place. */
    private final AtomicInteger taken = new AtomicInteger();

    private volatile boolean sleeps;
    private boolean closed;

    Member(int index) {
      this.index = index;
      this.thread =
          Thread.ofPlatform()
              .name("peft4j-cpu-" + index)
              .daemon()
              .inheritInheritableThreadLocals(false)
              .unstarted(this);
      thread.setContextClassLoader(null); // a daemon must not keep an application's loader alive
    }

    void start() {
      thread.start();
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // only the caller that holds the crew writes it
    void go() {
      turn++;
      if (sleeps) {
        LockSupport.unpark(thread);
      }
    }

    /** Takes the present turn unless it is taken. */
    boolean take() {
      int now = turn;
      return taken.compareAndSet(now - 1, now);
    }

    @Override
    public void run() {
      int seen = 0;
      while (true) {
        if (turn == seen) {
          await(seen);
        }
        seen = turn;
        if (closed) {
          return;
        }
        if (!take()) {
          continue;
        }
        Task current = task;
        if (current != null) {
          work(current, index, parts);
        }
        Thread waiting =
            caller; // before the count: afterwards the field may belong to the next call
        if (pending.decrementAndGet() == 0 && callerSleeps) {
          LockSupport.unpark(waiting);
        }
      }
    }

    private void await(int seen) {
      long start = System.nanoTime();
      while (System.nanoTime() - start < SPIN_NANOS) {
        for (int i = 0; i < SPINS; i++) {
          if (turn != seen) {
            return;
          }
          Thread.onSpinWait();
        }
      }
      sleeps = true;
      while (turn == seen) {
        LockSupport.park(Workers.this);
        boolean ignored = Thread.interrupted(); // an interrupted thread would not park again
      }
      sleeps = false;
    }
  }

  /**
   * Made at the first use; its initialiser must not throw, or the second caller would not learn the
   * reason.
   */
  private static final class Shared {
    static final @Nullable Workers CREW;
    static final String PROBLEM;

    static {
      String asked = System.getProperty("peft4j.threads");
      int threads =
          asked == null ? Runtime.getRuntime().availableProcessors() : parse(asked.strip());
      PROBLEM =
          "-Dpeft4j.threads wants a whole number from 1 to "
              + MAX_THREADS
              + ", found '"
              + asked
              + "'";
      CREW = threads < 1 || threads > MAX_THREADS ? null : new Workers(threads);
    }

    private static int parse(String number) {
      try {
        return Integer.parseInt(number);
      } catch (NumberFormatException e) {
        return 0;
      }
    }
  }
}
