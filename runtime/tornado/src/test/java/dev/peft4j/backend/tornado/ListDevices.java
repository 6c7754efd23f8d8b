package dev.peft4j.backend.tornado;

import dev.peft4j.backend.Device;
import java.util.ArrayList;
import java.util.List;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** Lists the devices, and says which of the process's signal handlers are others than before. */
final class ListDevices {
  private static final int THREADS = 4;

  private ListDevices() {}

  private static long[] handlers() {
    long[] all = new long[Signals.SIGNALS + 1];
    for (int s = 1; s < all.length; s++) {
      all[s] = Signals.handler(s);
    }
    return all;
  }

  public static void main(String[] args) throws InterruptedException {
    long[] before = handlers();
    boolean found =
        args[0].equals("listed")
            ? !Device.of("tornado").name().isEmpty()
            : TornadoRuntimeProvider.getTornadoRuntime().getBackend(0).getNumDevices() > 0;
    long[] after = handlers();
    List<Integer> changed = new ArrayList<>();
    for (int s = 1; s < after.length; s++) {
      if (before[s] != after[s]) {
        changed.add(s);
      }
    }
    System.out.println("changed: " + changed + ", devices: " + found);
    if (args[0].equals("listed")) {
      stopThreads();
    }
    System.out.println("alive");
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }

  /** Safepoints that stop several threads in loops at once, as the JVM does by SIGSEGV. */
  private static void stopThreads() throws InterruptedException {
    boolean[] end = {false};
    long[] sums = new long[THREADS * 16];
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < THREADS; t++) {
      int at = t * 16;
      Thread thread =
          new Thread(
              () -> {
                while (!end[0]) {
                  for (int i = 0; i < 100_000; i++) {
                    sums[at] = sums[at] * 31 + i;
                  }
                }
              });
      thread.setDaemon(true);
      thread.start();
      threads.add(thread);
    }
    for (int i = 0; i < 20; i++) {
      Thread.sleep(5);
      System.gc();
    }
    end[0] = true;
  }
}
