package dev.peft4j.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Runs vector loops on a thread of its own until HotSpot has compiled them, so that no training
 * step has to wait for it. Which loop is used when depends on time, what is computed does not:
 * plain and vector loops give the same bits.
 */
final class LoopWarmer {
  /** Runs a loop once on three blocks of floats. */
  @FunctionalInterface
  interface Exercise {
    void run(int loop, long a, long b, long c, int n);
  }

  private static final int ELEMENTS = 384;
  private static final int CALLS = 64;

  /** Interpreted, or with an object for each vector, a loop takes ten times as long. */
  private static final double NANOS_AN_ELEMENT = 4;

  /**
   * Where the processor is busy a compiled loop may look slow: then it is believed to be compiled.
   */
  private static final long MAX_NANOS = 3_000_000_000L;

  /**
   * The first run of a program is not to share the processors with the compiler, or so long at
   * most.
   */
  private static final long MAX_WAIT_MILLIS = 3000;

  private static final CountDownLatch BEGIN = new CountDownLatch(1);

  private final Exercise exercise;
  private final AtomicIntegerArray asked;
  private final boolean[] ready;
  private final ThreadPoolExecutor thread;

  /** A warmer that sets {@code ready[loop]} when a loop is compiled. */
  LoopWarmer(Exercise exercise, boolean[] ready) {
    this.exercise = exercise;
    this.ready = ready;
    this.asked = new AtomicIntegerArray(ready.length);
    this.thread =
        new ThreadPoolExecutor(
            1, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), LoopWarmer::daemon);
    thread.allowCoreThreadTimeOut(true);
  }

  private static Thread daemon(Runnable work) {
    Thread t = Thread.ofPlatform().name("peft4j-warm-up").daemon().unstarted(work);
    t.setContextClassLoader(null); // it must not keep an application's loader alive
    return t;
  }

  /** Says that a program has run. */
  static void begin() {
    BEGIN.countDown();
  }

  /** Asks for a loop, once. */
  void ask(int loop) {
    if (asked.compareAndSet(loop, 0, 1)) {
      thread.execute(() -> warm(loop));
    }
  }

  private void warm(int loop) {
    if (!VectorMath.USEFUL) {
      return;
    }
    try {
      // whichever it was: ended or waited long enough
      boolean unused = BEGIN.await(MAX_WAIT_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // nobody does; the loops stay plain
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment blocks = arena.allocate(3L * ELEMENTS * Float.BYTES, 64);
      for (int i = 0; i < 3 * ELEMENTS; i++) {
        Memory.set(blocks.address() + 4L * i, 0.25f + i % 7 * 0.125f);
      }
      long a = blocks.address();
      long b = a + 4L * ELEMENTS;
      long c = b + 4L * ELEMENTS;
      long start = System.nanoTime();
      long now = start;
      int fast = 0;
      while (fast < 2 && now - start < MAX_NANOS) {
        long before = now;
        for (int i = 0; i < CALLS; i++) {
          exercise.run(loop, a, b, c, ELEMENTS);
        }
        now = System.nanoTime();
        fast = now - before < NANOS_AN_ELEMENT * CALLS * ELEMENTS ? fast + 1 : 0;
      }
    }
    ready[loop] = true;
  }
}
