package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WorkersTest {
  @Test
  void everyPartRunsOnceAndItsWritesAreSeen() {
    try (Workers crew = new Workers(3)) {
      for (int parts = 0; parts < 20; parts++) {
        int[] seen = new int[parts];
        for (int round = 1; round <= 50; round++) {
          crew.run(part -> seen[part]++, parts);
          for (int part = 0; part < parts; part++) {
            assertThat(seen[part]).isEqualTo(round);
          }
        }
      }
    }
  }

  @Test
  void thePartsOfAMemberAreRunByOneThread() {
    try (Workers crew = new Workers(3)) {
      Thread[] ran = new Thread[10];
      for (int round = 0; round < 1000; round++) {
        crew.run(part -> ran[part] = Thread.currentThread(), 10);
        for (int part = 0; part < 10; part++) {
          assertThat(ran[part]).isSameAs(ran[part % 3]);
        }
        assertThat(ran[0]).isSameAs(Thread.currentThread());
      }
    }
  }

  @Test
  void aCallerWithLittleToDoHelpsOutThoseThatSleep() throws InterruptedException {
    try (Workers crew = new Workers(16)) { // more than there are processors
      int helped = 0;
      AtomicIntegerArray runs = new AtomicIntegerArray(16);
      for (int round = 0; round < 200; round++) {
        if (round % 10 == 0) {
          Thread.sleep(1); // the members go to sleep
        }
        Thread[] ran = new Thread[16];
        crew.run(
            part -> {
              ran[part] = Thread.currentThread();
              runs.incrementAndGet(part);
            },
            16);
        for (int part = 1; part < 16; part++) {
          helped += ran[part] == Thread.currentThread() ? 1 : 0;
          assertThat(runs.get(part)).isEqualTo(round + 1);
        }
      }
      assertThat(helped).isPositive();
    }
  }

  @Test
  void sleepingMembersWakeUp() throws InterruptedException {
    try (Workers crew = new Workers(4)) {
      AtomicInteger count = new AtomicInteger();
      for (int round = 0; round < 30; round++) {
        crew.run(part -> count.incrementAndGet(), 4);
        Thread.sleep(2);
      }
      assertThat(count).hasValue(120);
    }
  }

  @Test
  void aSleepingCallerWakesUp() {
    try (Workers crew = new Workers(2)) {
      AtomicInteger count = new AtomicInteger();
      for (int round = 0; round < 30; round++) {
        crew.run(
            part -> {
              if (part == 1) {
                nap();
              }
              count.incrementAndGet();
            },
            2);
        assertThat(count).hasValue(2 * round + 2);
      }
    }
  }

  @Test
  void whatAPartThrowsIsThrownInTheCaller() {
    try (Workers crew = new Workers(3)) {
      for (int bad = 0; bad < 3; bad++) {
        int thrower = bad;
        AtomicInteger others = new AtomicInteger();
        assertThatThrownBy(
                () ->
                    crew.run(
                        part -> {
                          if (part == thrower) {
                            throw new IllegalStateException("part " + part);
                          }
                          nap();
                          others.incrementAndGet();
                        },
                        3))
            .isInstanceOf(IllegalStateException.class)
            .hasMessage("part " + thrower);
        assertThat(others).hasValue(2);
      }
      AtomicInteger count = new AtomicInteger();
      crew.run(part -> count.incrementAndGet(), 9);
      assertThat(count).hasValue(9);
    }
  }

  @Test
  void aCallFromWithinAPartRunsThere() {
    try (Workers crew = new Workers(2)) {
      AtomicInteger count = new AtomicInteger();
      crew.run(
          part -> {
            Thread outer = Thread.currentThread();
            crew.run(
                inner -> {
                  assertThat(Thread.currentThread()).isSameAs(outer);
                  count.incrementAndGet();
                },
                5);
          },
          4);
      assertThat(count).hasValue(20);
    }
  }

  @Test
  void manyCallersAtOnce() throws InterruptedException {
    try (Workers crew = new Workers(3)) {
      AtomicLong total = new AtomicLong();
      List<Throwable> failures = new ArrayList<>();
      List<Thread> callers = new ArrayList<>();
      for (int c = 0; c < 4; c++) {
        callers.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      try {
                        for (int round = 0; round < 2000; round++) {
                          AtomicIntegerArray seen = new AtomicIntegerArray(7);
                          crew.run(seen::incrementAndGet, 7);
                          for (int part = 0; part < 7; part++) {
                            total.addAndGet(seen.get(part));
                          }
                        }
                      } catch (Throwable t) {
                        synchronized (failures) {
                          failures.add(t);
                        }
                      }
                    }));
      }
      for (Thread caller : callers) {
        caller.join();
      }
      assertThat(failures).isEmpty();
      assertThat(total).hasValue(4 * 2000 * 7);
    }
  }

  @Test
  void anInterruptedCallerStillWaits() {
    try (Workers crew = new Workers(2)) {
      AtomicInteger count = new AtomicInteger();
      Thread.currentThread().interrupt();
      crew.run(
          part -> {
            if (part == 1) {
              nap();
            }
            count.incrementAndGet();
          },
          2);
      assertThat(Thread.interrupted()).isTrue();
      assertThat(count).hasValue(2);
    }
  }

  @Test
  void aSteadyCallAllocatesNothing() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Workers crew = new Workers(2)) {
      int[] seen = new int[4];
      Workers.Task task = part -> seen[part]++;
      for (int round = 0; round < 20_000; round++) {
        crew.run(task, 4);
      }
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int round = 0; round < 10_000; round++) {
        crew.run(task, 4);
      }
      assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(10_000);
    }
  }

  @Test
  void aClosedCrewLeavesTheWorkToTheCaller() {
    Workers crew = new Workers(2);
    crew.close();
    List<Thread> ran = new ArrayList<>();
    crew.run(part -> ran.add(Thread.currentThread()), 3);
    assertThat(ran).hasSize(3).containsOnly(Thread.currentThread());
  }

  @Test
  void aCrewHasAtLeastOneThread() {
    assertThatThrownBy(() -> new Workers(0)).hasMessage("a crew needs at least 1 thread, found 0");
    try (Workers alone = new Workers(1)) {
      AtomicInteger count = new AtomicInteger();
      alone.run(part -> count.incrementAndGet(), 3);
      assertThat(count).hasValue(3);
    }
  }

  private static void nap() {
    try {
      Thread.sleep(1);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
